SELECT 1e'\'; SELECT 'x'; SELECT 1.5e+'\'; SELECT 'x'; SELECT 1..e'\';'; SELECT 1e5$$; SELECT 1e+5$$;$$; SELECT .5$$; SELECT 1_000$$;$$; SELECT 0x1F$$; SELECT 1.e5e'\';x';
