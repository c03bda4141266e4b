SET standard_conforming_strings = on;
SELECT 'a\';SELECT 'b';
