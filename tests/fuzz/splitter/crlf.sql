SELECT 1;

-- c
SELECT

'a

b'
;
COPY t FROM stdin;
1
\.
SELECT 2;
