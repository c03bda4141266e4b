belay_fuzz(splitter SOURCES splitter.c USES sql base)
