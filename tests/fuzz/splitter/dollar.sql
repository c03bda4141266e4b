DO $$ BEGIN RAISE NOTICE 'a;'; END $$;
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $body$ SELECT $$x;$$ || $x$ ;$body $x$; $body$;
SELECT $1; SELECT a$b, c$$ FROM t; SELECT 1$$;$$; SELECT $é$;$é$; PREPARE p AS SELECT $1;SELECT $2$;$2$;
