package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"causeway/internal/accesslog"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
)

// leftOut are records that a diagnosis does not count, and says so: those outside of the time that is asked for, and those of
// other gateways than the one that is diagnosed. A document is true of its own gateway only.
type leftOut struct {
	gateway  string         // whose records are taken; empty: all
	others   map[string]int // records of other gateways, by name
	outside  int            // of the time that is asked for
	from, to time.Time      // of these
	lastID   string
	lastName string
	document *gateway.Config // that is used; nil: there is none of the gateway of the records
	health   *gateway.Health // that is used, likewise
	notes    []string
}

// takes reports whether a record is counted.
func (l *leftOut) takes(r *accesslog.Record, o Options) bool {
	if r.ResourceID != l.lastID {
		l.lastID, l.lastName = r.ResourceID, gatewayIn(r.ResourceID)
	}
	if l.gateway != "" && l.lastName != "" && !strings.EqualFold(l.lastName, l.gateway) {
		if l.others[l.lastName] > 0 || len(l.others) < maxGateways {
			l.others[l.lastName]++
		}
		return false
	}
	if o.holds(r.Start) {
		return true
	}
	if l.outside++; l.outside == 1 || r.Start.Before(l.from) {
		l.from = r.Start
	}
	l.to = later(l.to, r.Start)
	return false
}

// gatewayIn is the name of the gateway in a resource id; empty where there is none.
func gatewayIn(id string) string { return partAfter(id, "applicationGateways") }

// tallied reads the records of the gateway that is asked for, or else of the document's; of all, where there is neither. A
// document and a report of health of another gateway than the records are not used.
func tallied(b *evidence.Bundle, o Options) (*tally, error) {
	whose := o.Gateway
	if whose == "" && b.Config != nil {
		whose = b.Config.Name
	}
	use := leftOut{gateway: whose, document: b.Config, health: b.Health}
	if b.Config != nil && b.Config.Name != "" && !strings.EqualFold(b.Config.Name, whose) {
		use.setAside(whose)
	}
	t, err := talliedWith(b, o, use)
	if err == nil && o.Gateway == "" && t.requests+t.left.outside == 0 && len(t.left.others) > 0 {
		use.gateway = ""
		use.setAside(strings.Join(sortedKeys(t.left.others), ", "))
		t, err = talliedWith(b, o, use)
	}
	return t, err
}

func talliedWith(b *evidence.Bundle, o Options, use leftOut) (*tally, error) {
	t := newTally(use)
	return t, t.read(b, o)
}

// setAside leaves a document, and health of the same gateway, unused, and says so.
func (l *leftOut) setAside(whose string) {
	name := l.document.Name
	l.document = nil
	text := fmt.Sprintf("the gateway document is of %s and the records are of %s: it is not used", name, whose)
	if l.health != nil && len(l.health.Pools) > 0 && strings.EqualFold(gatewayIn(l.health.Pools[0].Pool.ID), name) {
		l.health = nil
		text += ", nor is its report of health"
	}
	l.notes = append(l.notes, text)
}

// say notes what was left out.
func (l *leftOut) say(q *inquiry) {
	for _, text := range l.notes {
		q.assume(text)
	}
	if names := sortedKeys(l.others); len(names) > 0 {
		var list []string
		for _, name := range names {
			list = append(list, fmt.Sprintf("%s (%d)", name, l.others[name]))
		}
		q.assume(fmt.Sprintf("only records of %s are counted; left out are those of %s: diagnose them with --gateway NAME and their own document", l.gateway, strings.Join(list, ", ")))
	}
	var together []string
	for _, id := range sortedKeys(q.gateways) {
		if name := gatewayIn(id); name != "" && !slices.Contains(together, strings.ToLower(name)) {
			together = append(together, strings.ToLower(name))
		}
	}
	if len(together) > 1 {
		q.assume(fmt.Sprintf("the records are of %d gateways (%s) and are diagnosed together: --gateway NAME takes those of one", len(together), strings.Join(together, ", ")))
	}
}
