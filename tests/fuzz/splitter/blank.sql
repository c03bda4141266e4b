


SELECT 1


,
   
2

;

;
;;
   ;
SELECT '


';
SELECT (

1);
