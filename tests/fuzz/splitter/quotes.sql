SELECT 'a;b', 'it''s; ok', E'a\';b', e'\\'; SELECT "x;""y"; SELECT U&'\0041;', u&"d!0061t;a" UESCAPE '!';
SELECT B'01;', x'1F;', N'a;\';
SELECT 'a'
'b;c';
SELECT E'a'
'b\'; SELECT 'x';
