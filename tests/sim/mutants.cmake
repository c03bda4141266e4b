# Machines with a planted fault: one passage of one file says something else. sim/mutants holds that the runs find each.
# A passage that is not there exactly once stops the configuration: then the machine has changed, and so must the fault.
set(mutants_folder ${CMAKE_CURRENT_BINARY_DIR}/mutants)
set(mutants_source ${PROJECT_SOURCE_DIR}/core/machine)
get_target_property(sound belay_machine SOURCES)
list(TRANSFORM sound PREPEND ${mutants_source}/)
add_library(sim_sound STATIC machine.c ${sound})
target_include_directories(sim_sound PRIVATE ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR}/tests)
belay_packages(sim_sound cmocka)

# sim_mutant(NAME FILE FROM TO); of the sound files the linker takes those that define what the mutant does not.
function(sim_mutant name file from to)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mutants_source}/${file})
  file(READ ${mutants_source}/${file} text)
  string(FIND "${text}" "${from}" first)
  string(FIND "${text}" "${from}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "mutant ${name}: this is not exactly once in core/machine/${file}: ${from}")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  file(CONFIGURE OUTPUT ${mutants_folder}/${name}.c CONTENT "${text}" @ONLY)
  add_library(mutant_${name} MODULE ${mutants_folder}/${name}.c)
  set_target_properties(mutant_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${mutants_folder})
  target_include_directories(mutant_${name} PRIVATE ${mutants_source} ${PROJECT_SOURCE_DIR}/core)
  target_compile_options(mutant_${name} PRIVATE -w) # what a fault leaves unused is no news
  target_link_libraries(mutant_${name} PRIVATE sim_sound)
  target_link_options(mutant_${name} PRIVATE -Wl,-u,sim_machine_get)
  set_property(GLOBAL APPEND PROPERTY sim_mutants ${name})
endfunction()

sim_mutant(starts_before_the_intent act.c
  [[{MACHINE_INTENT, MACHINE_START}]] [[{MACHINE_START, MACHINE_INTENT}]])
sim_mutant(takes_a_failed_prepare_for_good stage.c
  [[s->prepared = verdict == MACHINE_PASSED;]] [[s->prepared = verdict != MACHINE_UNKNOWN;]])
sim_mutant(prepares_one_more_at_once stage.c
  [[m->active_count < p->prepare_parallel]] [[m->active_count <= p->prepare_parallel]])
sim_mutant(runs_one_more_at_once stage.c
  [[m->active_count < stage->parallel]] [[m->active_count <= stage->parallel]])
sim_mutant(does_not_wait_for_needs stage.c
  [[ && needs_hold(m, &m->plan->steps[i])]] [[]])
sim_mutant(is_content_with_one_sample step.c
  [[if (++s->good < p->hits)]] [[if (++s->good < 1)]])
sim_mutant(counts_samples_over_a_not_yet step.c
  [[    s->good = 0;
    if (p->waits) {]] [[    if (p->waits) {]])
sim_mutant(gives_up_on_people step.c
  [[    if (p->waits) {]] [[    if (p->waits && m->now < s->ready_end) {]])
sim_mutant(does_not_soak_to_the_end soak.c
  [[return m->steps[step].sampled >= m->steps[step].soak_end;]] [[return m->steps[step].sampled + 200 >= m->steps[step].soak_end;]])
sim_mutant(begins_a_soak_again_after_a_crash restore.c
  [[machine_note_sample(m, row->step, row->at);]] [[machine_note_sample(m, row->step, m->now);]])
sim_mutant(goes_on_with_a_soak_that_broke restore.c
  [[last->verdict == MACHINE_NOT_YET ||]] [[]])
sim_mutant(adds_to_a_soak_what_came_after_it_broke restore.c
  [[soak_broke(m, row->step)]] [[machine_soak_has_gaps(m, row->step)]])
sim_mutant(counts_no_gaps soak.c
  [[s->gaps += missed > 0 ? missed : 0;]] [[s->gaps += 0;]])
sim_mutant(takes_no_data_for_passed step.c
  [[    case MACHINE_INCONCLUSIVE: break;
    }]] [[    case MACHINE_INCONCLUSIVE: machine_settle(m, step, MACHINE_STEP_PASSED, verdict); return;
    }]])
sim_mutant(retries_an_execute_of_unknown_outcome step.c
  [[verdict == MACHINE_RETRY && ++s->tries]] [[verdict != MACHINE_FAILED && ++s->tries]])
sim_mutant(takes_no_data_for_a_failure act.c
  [[case MACHINE_INCONCLUSIVE: return p->on_inconclusive;]] [[case MACHINE_INCONCLUSIVE: return p->on_failure;]])
sim_mutant(leaves_a_stage_with_steps_running stage.c
  [[m->steps[m->first].at == AT_SETTLED)]] [[m->steps[m->first].at != AT_NEW)]])
sim_mutant(does_not_write_the_commit stage.c
  [[    machine_emit_state(m, MACHINE_COMMITTED);]] [[    ;]])
sim_mutant(writes_no_result machine.c
  [[machine_action *result = machine_emit(m, MACHINE_RESULT, step);]]
  [[machine_action *result = machine_emit(m, MACHINE_NOTE, step);]])
sim_mutant(pauses_without_waiting_for_what_runs machine.c
  [[!comes_to_rest(m) || m->active_count > 0]] [[!comes_to_rest(m)]])
sim_mutant(undoes_the_oldest_first undo.c
  [=[m->order[--m->cursor]]=] [=[m->order[m->order_count - m->cursor--]]=])
sim_mutant(calls_a_person_though_the_rollback_stage_passed stage.c
  [[m->undo_failures > 0 && has_stage && !m->again]] [[false && has_stage]])
sim_mutant(undoes_under_what_still_stands undo.c
  [=[m->steps[p->needs[i]].keep = true;]=] [=[m->steps[p->needs[i]].keep = false;]=])
sim_mutant(saves_no_evidence undo.c
  [[machine_emit(m, MACHINE_EVIDENCE, m->why.step);]] [[machine_emit(m, MACHINE_NOTE, m->why.step);]])
sim_mutant(takes_a_failed_undo_for_done undo.c
  [[    if (verdict == MACHINE_PASSED) {
        s->undo = UNDO_DONE;]] [[    if (verdict != MACHINE_FAILED) {
        s->undo = UNDO_DONE;]])
sim_mutant(tries_an_undo_once undo.c
  [[++s->tries < m->plan->undo_attempts]] [[++s->tries < 1]])
sim_mutant(leaves_the_rollback_stage_out undo.c
  [[    machine_enter_stage(m, stage);]] [[    machine_enter_stage(m, m->plan->stage_count);]])
sim_mutant(calls_a_half_undone_run_rolled_back stage.c
  [[    else if (m->undo_failures > 0)
        machine_call_for_person(m);]] [[    else if (m->undo_failures > 1000)
        machine_call_for_person(m);]])
sim_mutant(lets_what_runs_go_on act.c
  [[            machine_emit(m, how, step);]] [[            ;]])
sim_mutant(undoes_before_that_is_written act.c
  [[        machine_emit_state(m, MACHINE_ROLLING_BACK);]] [[        ;]])
sim_mutant(takes_what_was_stopped_for_through machine.c
  [[verdict == MACHINE_PASSED && is_through(m, step)]] [[verdict == MACHINE_PASSED]])
sim_mutant(calls_what_was_stopped_bad machine.c
  [[verdict == MACHINE_FAILED || verdict == MACHINE_INCONCLUSIVE)
        machine_emit_end]] [[verdict != MACHINE_UNKNOWN)
        machine_emit_end]])
sim_mutant(does_not_notice_a_second_cancel machine.c
  [[if (++m->cancels > 1)]] [[if (++m->cancels > 2)]])
sim_mutant(executes_again_what_was_cut_short restore.c
  [[!last->finished && last->undo]] [[!last->finished && last->undo && last->attempt > 1]])
sim_mutant(asks_nobody_about_what_cannot_be_undone restore.c
  [[if (assume == MACHINE_ASSUME_NOTHING)]] [[if (assume != MACHINE_ASSUME_NOTHING)]])
sim_mutant(takes_an_undo_that_began_for_done restore.c
  [[s->undo = passed ? UNDO_DONE : UNDO_OPEN;]] [[s->undo = UNDO_DONE;]])
sim_mutant(is_content_with_one_sample_after_a_crash restore.c
  [[machine_soak_over(m, step) : s->good >= m->plan->steps[step].hits]] [[machine_soak_over(m, step) : s->good > 0]])
sim_mutant(settles_what_ran_beside restore.c
  [[stage->parallel == 1 ? furthest : stage->first]] [[furthest]])
sim_mutant(trusts_a_rollback_stage_from_before_an_undo restore.c
  [[        forget_rollback_stage(m);]] [[        ;]])
sim_mutant(waits_for_a_diagnosis_for_ever diagnose.c
  [[m->now < m->diagnose_end)]] [[m->now >= 0)]])
sim_mutant(undoes_beside_the_diagnosis machine.c
  [[ || m->active_count > 0 || machine_diagnose(m))]] [[ || (m->active_count > 0 && m->mode != MODE_DIAGNOSING) || machine_diagnose(m))]])
sim_mutant(undoes_without_a_diagnosis machine.c
  [[ || machine_diagnose(m))]] [[ || (m->next != NEXT_UNDO && machine_diagnose(m)))]])
sim_mutant(diagnoses_after_the_undo_began undo.c
  [[            m->undid = true;]] [[            m->undid = true;
            m->diagnosis = DIAGNOSIS_NONE;
            if (machine_diagnose(m))
                return;]])
sim_mutant(diagnoses_nothing diagnose.c
  [[    case MACHINE_BECAUSE_VERDICT:
    case MACHINE_BECAUSE_NOT_READY:]] [[    case MACHINE_BECAUSE_NOT_READY:]])
sim_mutant(asks_collectors_of_other_steps diagnose.c
  [[p->answers[i] == failed]] [[p->answers[i] != failed]])
sim_mutant(diagnoses_on_when_cancelled machine.c
  [[    machine_stop(m, m->next, MACHINE_KILL);
}]] [[}]])
sim_mutant(pauses_though_the_diagnosis_was_cancelled machine.c
  [[    if (m->next == NEXT_PAUSE) {]] [[    if (m->next == NEXT_PAUSE && m->cancels > 1) {]])
sim_mutant(decides_by_the_diagnosis diagnose.c
  [[    m->steps[step].at = AT_SETTLED;
]] [[    m->steps[step].at = AT_SETTLED;
    if (verdict == MACHINE_PASSED && m->next == NEXT_UNDO)
        m->next = NEXT_PAUSE;
]])
sim_mutant(takes_a_diagnosis_for_progress restore.c
  [[ && machine_is_main(m, row->step) &&]] [[ &&]])

get_property(names GLOBAL PROPERTY sim_mutants)
list(TRANSFORM names REPLACE "(.+)" "\"\\1\"," OUTPUT_VARIABLE rows)
list(JOIN rows "\n" rows)
file(CONFIGURE OUTPUT ${mutants_folder}/mutants.inc CONTENT "${rows}\n" @ONLY)
belay_test(sim/mutants SOURCES mutants.c machine.c USES sim TIMEOUT 300)
target_include_directories(test_sim_mutants PRIVATE ${mutants_folder})
target_compile_definitions(test_sim_mutants PRIVATE MUTANTS_FOLDER="${mutants_folder}")
target_link_libraries(test_sim_mutants PRIVATE ${CMAKE_DL_LIBS})
list(TRANSFORM names PREPEND mutant_)
add_dependencies(test_sim_mutants ${names})
