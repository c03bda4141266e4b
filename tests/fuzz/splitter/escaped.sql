SELECT 1\; SELECT 2; SELECT a\:b; create\; function begin; end;create function f()\; begin; end;
