"""Request counters and durations, memory and CPU in Prometheus' text format."""
import bisect
import resource
import time

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
QUIET = ("/health", "/metrics")  # probes would hide the error rate of what people ask for


class Metrics:
    def __init__(self, service):
        self.service = service
        self.statuses = {"200": 0, "500": 0}  # there from the start, so that a rate can be taken
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.gauges = {}

    def middleware(self, app):
        async def measured(scope, receive, send):
            if scope["type"] != "http" or scope["path"] in QUIET:
                return await app(scope, receive, send)
            status, start = "500", time.perf_counter()

            async def watched(message):
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            try:
                return await app(scope, receive, watched)
            finally:
                self.observe(status, time.perf_counter() - start)
        return measured

    def observe(self, status, seconds):
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect.bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

    def text(self):
        name, total = f'service="{self.service}"', 0
        lines = ["# TYPE http_requests_total counter"]
        lines += [f'http_requests_total{{{name},status="{status}"}} {count}' for status, count in self.statuses.items()]
        lines.append("# TYPE http_request_duration_seconds histogram")
        for limit, count in zip((*BUCKETS, "+Inf"), self.buckets):
            total += count
            lines.append(f'http_request_duration_seconds_bucket{{{name},le="{limit}"}} {total}')
        lines.append(f"http_request_duration_seconds_sum{{{name}}} {self.seconds:.6f}")
        lines.append(f"http_request_duration_seconds_count{{{name}}} {total}")
        with open("/proc/self/statm") as statm:
            memory = int(statm.read().split()[1]) * resource.getpagesize()
        used = resource.getrusage(resource.RUSAGE_SELF)
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes{{{name}}} {memory}",
                  "# TYPE process_cpu_seconds_total counter",
                  f"process_cpu_seconds_total{{{name}}} {used.ru_utime + used.ru_stime:.3f}"]
        for gauge, value in self.gauges.items():
            lines += [f"# TYPE {gauge} gauge", f"{gauge}{{{name}}} {value}"]
        return "\n".join(lines) + "\n"
