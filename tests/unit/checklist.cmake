belay_test(unit/checklist_html SOURCES checklist_html.c USES checklist)
