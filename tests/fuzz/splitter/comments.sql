-- leading; comment
/* block /* nested ; */ ; */
SELECT 1 -- trailing; comment
, 2 /* ; */;
SELECT 3 */* x; */ 4; SELECT 5 - -6 -- ;
;
SELECT 1 /**/;/***/;/*/**/*/;//**/;
-- last