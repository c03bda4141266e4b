#include "worker/budget.h"

bool budget_take(budget *b, size_t n, int64_t now_ms)
{
    const int64_t burst = (int64_t)BUDGET_BURST * 1000;
    if (b->at_ms == 0)
        b->milli_lines = burst;
    else
        b->milli_lines += (now_ms - b->at_ms) * BUDGET_LINES_PER_SECOND;
    if (b->milli_lines > burst)
        b->milli_lines = burst;
    b->at_ms = now_ms;
    if (b->milli_lines < 1000 || b->bytes + n > BUDGET_BYTES) {
        b->dropped++;
        return false;
    }
    b->milli_lines -= 1000;
    b->bytes += n;
    return true;
}
