SELECT 'é;€'; SELECT été$a$; SELECT u&create; SELECT U&; SELECT '😀' AS "😀;"; SELECT 1; ;
