package report

import (
	"time"
)

// Pictures are the numbers behind the pictures of a report. Their size does not grow with the evidence. Durations are in
// seconds.
type Pictures struct {
	Timeline *Timeline      `json:"timeline,omitempty"`
	Latency  []LatencyShape `json:"latency,omitempty"`
	IdleAge  []IdleShape    `json:"idleAge,omitempty"`
	Matrix   *Matrix        `json:"matrix,omitempty"`
}

// Timeline is what happened when, by the time at which requests began.
type Timeline struct {
	From     string       `json:"from"`
	Step     float64      `json:"step"`
	Requests []int        `json:"requests"` // in each step
	Causes   []CauseSteps `json:"causes"`   // the most frequent first; "undetermined" last
}

// CauseSteps are the failures of one cause in each step.
type CauseSteps struct {
	Cause     string `json:"cause"`
	Failures  []int  `json:"failures"`
	Recovered []int  `json:"recovered"`
}

// LatencyShape is how long attempts took under backend settings: until the first byte of an answer, or until they failed.
type LatencyShape struct {
	Settings       string          `json:"settings"`
	RequestTimeout float64         `json:"requestTimeout,omitempty"` // 0: not known
	Buckets        []LatencyBucket `json:"buckets"`                  // each wider than the one before, by the same factor
}

// LatencyBucket counts attempts that took between From and To.
type LatencyBucket struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Answered int     `json:"answered"`
	Failed   int     `json:"failed"`
}

// IdleShape is how long a member's connections had been idle when their turn came.
type IdleShape struct {
	Settings string       `json:"settings"`
	Member   string       `json:"member"`
	Limit    float64      `json:"limit,omitempty"` // the idle age at which the connections ended, if there is one
	Step     float64      `json:"step"`
	Buckets  []IdleBucket `json:"buckets"` // the last one also holds what is beyond
}

// IdleBucket counts connections that had been idle for From to From + Step.
type IdleBucket struct {
	From     float64 `json:"from"`
	Answered int     `json:"answered"`
	Lost     int     `json:"lost"`
	Closed   int     `json:"closed"` // found closed before use
}

// Matrix is where requests failed.
type Matrix struct {
	Instances []string       `json:"instances"`
	Members   []string       `json:"members"` // an empty name: no member was tried
	Cells     [][]MatrixCell `json:"cells"`   // by instance, then by member
}

// MatrixCell counts the requests of one instance that ended at one member.
type MatrixCell struct {
	Requests int `json:"requests"`
	Failures int `json:"failures"`
}

// Bounds of what pictures show.
const (
	MaxSteps      = 120 // of the timeline
	MaxBuckets    = 60  // of a latency shape
	MaxSeries     = 6   // causes with a series of their own in the timeline
	MaxShapes     = 8   // settings, and members
	MaxMatrixRows = 16  // instances
	MaxMatrixCols = 24  // members
)

// Causes in a timeline that are none.
const (
	UndeterminedName = "undetermined"
	OtherName        = "other"
)

// NiceSteps are pieces of time that people think in.
var NiceSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// IdleStep is the shortest of 1, 2 or 5 times a power of ten that needs no more than so many bars.
func IdleStep(end time.Duration) time.Duration {
	for power := time.Millisecond; ; power *= 10 {
		for _, n := range []time.Duration{1, 2, 5} {
			if end/(n*power) < MaxBuckets {
				return n * power
			}
		}
	}
}
