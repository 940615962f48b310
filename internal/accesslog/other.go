package accesslog

import (
	"math"
	"strconv"
	"time"
)

// Performance is one instance's minute of a first-generation gateway, as the performance log has it.
type Performance struct {
	At         time.Time
	Instance   string
	Healthy    float64 // hosts, over all pools
	Unhealthy  float64
	Requests   float64
	Latency    time.Duration // mean, first byte of the request to last byte of the answer
	Failed     float64       // requests
	Throughput float64       // bytes a second
}

// Firewall is one rule that matched, as the firewall log has it.
type Firewall struct {
	At          time.Time
	Transaction [16]byte
	Rule        string
	Action      string // Matched, Detected, Blocked, Allowed …
	Message     string
	URI         string
	Blocked     bool // the request ended there
}

// Performance makes a performance record of a row of that category.
func (d *Decoder) Performance(row *Row) Performance {
	v := &row.values
	p := Performance{
		Instance: d.name(v[InstanceID]), Healthy: realOf(v[Healthy]), Unhealthy: realOf(v[Unhealthy]), Requests: realOf(v[Requests]),
		Latency: millisecondsOf(v[AverageLatency]), Failed: realOf(v[Failed]), Throughput: realOf(v[Throughput]),
	}
	p.At, _ = row.When()
	return p
}

// Firewall makes a firewall record of a row of that category.
func (d *Decoder) Firewall(row *Row) Firewall {
	v := &row.values
	f := Firewall{
		Transaction: transactionOf(v[Transaction]), Rule: d.name(v[RuleID]), Action: d.name(v[Action]), Message: string(row.Text(Message)),
		URI:     string(row.Text(URI)),
		Blocked: equalFold(v[Action], "Blocked") || equalFold(v[Action], "JSChallengeBlock"),
	}
	f.At, _ = row.When()
	return f
}

// Real is the number that a field holds; NaN if it holds none.
func (r *Row) Real(f Field) float64 {
	n, err := strconv.ParseFloat(string(r.values[f]), 64)
	if err != nil || math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}
