belay_test(unit/report_width SOURCES report_width.c USES report)
belay_test(unit/report_plain SOURCES report_plain.c report_events.c USES report)
belay_test(unit/report_live SOURCES report_live.c report_screen.c report_events.c USES report)
belay_test(unit/report_junit SOURCES report_junit.c report_events.c USES report PKG expat)
