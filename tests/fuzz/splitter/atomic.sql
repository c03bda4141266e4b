CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN 1 ELSE 2 END; SELECT 3; END;
CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); UPDATE t SET a = CASE a WHEN 1 THEN 2 END; END; SELECT 1;
BEGIN; SELECT 1; END; CREATE TABLE f (begin int); SELECT 2; CREATE FUNCTION g(begin int) RETURNS int RETURN 1; SELECT 3;
/* c */ create -- x
 or /* y */ replace
function h() begin; x; case; end; end; y;
"create" function begin; end;
