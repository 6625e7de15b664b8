"""CPU and wall time of a peer's iterations, one thread."""
import json
import os
import resource
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"):
    os.environ[variable] = "1"
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):   # they hold OpenBLAS back from the machine's widest kernels
    os.environ.pop(variable, None)


def now():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, time.perf_counter()


def blas_name():
    """The library under NumPy; empty for the reference BLAS, which threadpoolctl does not know."""
    import threadpoolctl
    return ", ".join(f"{entry['internal_api']} {entry['version']} {entry.get('architecture', '')}".strip()
                     for entry in threadpoolctl.threadpool_info() if entry["user_api"] == "blas")


def report(peer, iterations, begin, end, value, prepare=0.0, prepare_wall=0.0):
    """`prepare`: CPU seconds of the one pass before the iterations, and its wall seconds where whole fits are compared."""
    count = max(iterations, 1)
    print(json.dumps({"peer": peer, "iterations": iterations, "cpu_ms": 1e3 * (end[0] - begin[0]) / count,
                      "wall_ms": 1e3 * (end[1] - begin[1]) / count, "prepare_cpu_ms": 1e3 * prepare, "prepare_wall_ms": 1e3 * prepare_wall, "value": float(value), "blas": blas_name()}))
