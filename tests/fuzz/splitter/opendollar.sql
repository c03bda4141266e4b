SELECT $a$ ; $b$ $a;

