-- oldSELECT 1;SELECT E'a''b\';c'; SELECT 2 -- x;
