belay_fuzz(pipeline SOURCES pipeline.c USES pipeline_fixture)
