CREATE TABLE a (id int PRIMARY KEY, t text); INSERT INTO a VALUES (1, 'restored');
