package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// answer is what was measured.
type answer struct {
	Items  int     `json:"items"`
	WallMS float64 `json:"wall_ms"`
	// From the call of Enqueue to the return of the Dequeue that got it, item by item.
	LatenciesMS []float64 `json:"latencies_ms,omitempty"`
	// The most memory that this process has ever had.
	PeakBytes uint64 `json:"peak_bytes"`
}

func since(began time.Time) float64 {
	return float64(time.Since(began).Nanoseconds()) / 1e6
}

// peakBytes is the high-water mark of this process's resident memory.
func peakBytes() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read the memory's high-water mark: %w", err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		var kib uint64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib * 1024, nil
		}
	}
	return 0, fmt.Errorf("find VmHWM in /proc/self/status")
}
