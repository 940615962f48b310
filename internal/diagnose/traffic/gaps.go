package traffic

import (
	"math"
	"time"

	"causeway/internal/accesslog"
)

// idleGap is the idle age of a connection when it was picked, and what else is known of it.
type idleGap struct {
	Idle time.Duration
	ends uint32 // milliseconds from when the connection was made to the end of the attempt
	uses uint16 // requests that it had carried before
	How  Outcome
}

// gapOf is the gap before an attempt on a connection that had been used.
func gapOf(a *accesslog.Attempt, how Outcome) idleGap {
	ends := (a.Age + max(0, a.Total)) / time.Millisecond
	return idleGap{
		Idle: a.Idle,
		ends: uint32(min(max(0, ends), math.MaxUint32)),
		uses: uint16(min(a.Uses, math.MaxUint16)),
		How:  how,
	}
}

// Measure is a property of a connection that a server may limit.
type Measure uint8

// The measures.
const (
	OfIdle Measure = iota // idle age at the pick, in nanoseconds
	OfUses                // requests carried before
	OfAge                 // age at the end of the attempt, in nanoseconds
)

func (x idleGap) value(of Measure) int64 {
	switch of {
	case OfUses:
		return int64(x.uses)
	case OfAge:
		return int64(x.ends) * int64(time.Millisecond)
	default:
		return int64(x.Idle)
	}
}

// Beside counts the answers on connections of which a measure was less than low, from low to high, and more than high.
func (g *Gaps) Beside(of Measure, low, high int64) (below, inside, beyond int) {
	for _, x := range g.List {
		switch v, n := x.value(of), g.Weight(x); {
		case x.How != Answered:
		case v < low:
			below += n
		case v <= high:
			inside += n
		default:
			beyond += n
		}
	}
	return below, inside, beyond
}

// Outcome is what happened on a connection after it was picked.
type Outcome uint8

// The outcomes.
const (
	Answered Outcome = iota // the member answered on it
	Broke                   // the attempt on it ended without an answer
	Stale                   // it was found closed before use
)

// Gaps are those of one member's connections: all of them, or, where they become too many, each stride-th answered one.
// Those that broke or were stale are few, and kept as long as there is room.
type Gaps struct {
	List   []idleGap
	stride int
	passed int // answered ones since the last that was kept
	full   bool
}

// gapRoom bounds the gaps of all members together.
type gapRoom struct {
	size int
	most int
	all  []*Gaps
}

const (
	maxGaps    = 1 << 17 // of a member
	maxAllGaps = 1 << 22 // sixteen bytes each
)

// add keeps a gap of a member.
func (room *gapRoom) add(g *Gaps, x idleGap) {
	before := len(g.List)
	if g.stride == 0 {
		room.all = append(room.all, g)
	}
	g.add(x)
	if room.size += len(g.List) - before; room.size > room.most {
		room.thin()
	}
}

// thin drops half of the answered ones of every member. Where that is not enough, members keep what they have.
func (room *gapRoom) thin() {
	room.size = 0
	for _, g := range room.all {
		g.thin()
		room.size += len(g.List)
	}
	for _, g := range room.all {
		g.full = room.size > room.most/2
	}
}

func (g *Gaps) add(x idleGap) {
	if g.stride == 0 {
		g.stride = 1
	}
	if x.How == Answered {
		if g.passed++; g.passed < g.stride {
			return
		}
		g.passed = 0
	}
	if len(g.List) >= maxGaps && !g.full {
		g.full = !g.thin()
	}
	if !g.full {
		g.List = append(g.List, x)
	}
}

// thin drops every second answered one; false means that there was nothing to drop.
func (g *Gaps) thin() bool {
	n, drop := 0, false
	for _, x := range g.List {
		if x.How == Answered {
			if drop = !drop; drop {
				continue
			}
		}
		g.List[n] = x
		n++
	}
	shrunk := n < len(g.List)
	g.List = g.List[:n]
	if shrunk {
		g.stride *= 2
	}
	return shrunk
}

// Weight is how many gaps one in the list stands for.
func (g *Gaps) Weight(x idleGap) int {
	if x.How == Answered {
		return max(1, g.stride)
	}
	return 1
}
