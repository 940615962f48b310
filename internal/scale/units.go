// Package scale decides how many instances a gateway needs, from what its instances measured. It has no clock and starts nothing.
package scale

import (
	"time"

	"causeway/internal/gateway"
)

// Figures that Azure publishes of the capacity units of a second-generation gateway. An instance provides ten.
const (
	UnitsPerInstance   = 10.0
	BitsPerUnit        = 2.22e6 // a second
	ConnectionsPerUnit = 2500.0 // persistent connections
)

// Sample is what the instances did in an interval.
type Sample struct {
	Interval  time.Duration
	Size      gateway.Size // of each instance: its CPU is ten compute units
	Instances []Instance   // those that serve
}

// Instance is what one instance did.
type Instance struct {
	CPU         time.Duration // processor time that it used in the interval
	Connections int           // client connections at the end of it
	Bytes       int64         // that it sent to clients in it
}

// Units are what all instances use together, in capacity units.
type Units struct {
	Throughput  float64 `json:"throughput"`
	Connections float64 `json:"connections"`
	Compute     float64 `json:"compute"`
}

// Capacity is the busiest of the three, as Azure counts capacity units.
func (u Units) Capacity() float64 { return max(u.Throughput, u.Connections, u.Compute) }

// Units measures a sample. Without an interval or a size it is zero.
func (s Sample) Units() Units {
	seconds := s.Interval.Seconds()
	if seconds <= 0 {
		return Units{}
	}
	var u Units
	for _, i := range s.Instances {
		u.Throughput += 8 * float64(i.Bytes) / seconds / BitsPerUnit
		u.Connections += float64(i.Connections) / ConnectionsPerUnit
		if s.Size.CPU > 0 {
			u.Compute += i.CPU.Seconds() / seconds / s.Size.CPU * UnitsPerInstance
		}
	}
	return u
}
