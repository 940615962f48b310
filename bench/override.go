package main

import (
	"fmt"
	"io"
	"strings"
)

// goalOverride is what a request may cost that is changed on its way, by one that is not.
const goalOverride = 1.10

// reportOverride prints what it costs to send a request to another host name and path than it came with. Both kinds are
// logged, counted and diagnosed, which no setting turns off; rewrite sets are not served.
func (p *plan) reportOverride(w io.Writer, gateway *server) error {
	plain := workload{name: "GET 1 KiB, 64 connections", connections: 64, path: "/1k"}
	if !strings.Contains(plain.name, p.only) {
		return nil
	}
	p.turn.take()
	changed := *gateway
	changed.name, changed.port = "overridden", gateway.port+overrideOffset
	r, err := measure(plain, []*server{gateway, &changed}, p.rounds, p.length)
	if err != nil {
		return err
	}
	q := r.ratios(changed.name, this)
	heading(w, "A request that is changed on its way",
		"The settings override host name and path, beside a request that passes as it is. Both are logged, counted and diagnosed, which\nno setting turns off. Rewrite sets are not served yet.")
	t := table{header: []string{"CPU µs/request (user + kernel): overridden", "plain", "overridden ÷ plain [min–max]", "goal", "met"}}
	t.add(r.cpu(changed.name), r.cpu(this), span(q), fmt.Sprintf("%.2f", goalOverride), met(median(q) <= goalOverride))
	t.print(w)
	return nil
}
