belay_test(unit/report_live SOURCES report_live.c report_screen.c report_events.c USES report)
