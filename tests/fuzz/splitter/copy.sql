COPY t FROM stdin;
1	a;b
'
\N	$$
\.
SELECT 1; COPY t (a, b) FROM STDIN WITH (FORMAT csv); SELECT 2,
"x
1"
\.
 3;
copy t from stdout;
\.
COPY t TO stdout; COPY (SELECT a FROM stdin) TO STDOUT; COPY t FROM 'stdin'; COPY t FROM PROGRAM 'x';
