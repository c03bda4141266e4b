SELECT :a, :'b;', :"c;", a[1:n], :b;SELECT x::text, :'a b;', :"a b;", y:=1, :::z; SELECT :begin;create function f() :begin; end;
