COPY a FROM stdin; COPY b FROM stdin; SELECT 1;
a
\.
b
\.
SELECT 2;