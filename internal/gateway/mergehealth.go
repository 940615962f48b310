package gateway

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// MergeHealth joins what each instance says of the members into one document: health by instanceId. A member on which the instances
// agree has their state; one on which they do not is Partial, with the views in its detail. An instance that has not probed a member yet
// has no view of it. Each member keeps all views where there is more than one instance. Pools, settings and members stand in the order of
// the first instance, by name, that has them.
func MergeHealth(byInstance map[string]Health) Health {
	names := slices.Sorted(maps.Keys(byInstance))
	if len(names) == 1 {
		return byInstance[names[0]]
	}
	var m healthMerger
	for _, instance := range names {
		m.add(instance, byInstance[instance])
	}
	return m.merged()
}

// healthMerger collects the views of each member.
type healthMerger struct {
	out   Health
	views map[viewKey][]view
}

// viewKey names a member under its pool and settings, in any case.
type viewKey struct{ pool, settings, address string }

// view is a member as one instance sees it.
type view struct {
	instance string
	ServerHealth
}

func (m *healthMerger) add(instance string, h Health) {
	if m.views == nil {
		m.views = map[viewKey][]view{}
	}
	for _, u := range h.Unserved {
		if !slices.Contains(m.out.Unserved, u) {
			m.out.Unserved = append(m.out.Unserved, u)
		}
	}
	for _, p := range h.Pools {
		pool := place(&m.out.Pools, PoolHealth{Pool: p.Pool}, func(x *PoolHealth) string { return x.Pool.ID })
		for _, s := range p.Settings {
			settings := place(&pool.Settings, SettingsHealth{Settings: s.Settings}, func(x *SettingsHealth) string { return x.Settings.ID })
			for _, server := range s.Servers {
				place(&settings.Servers, ServerHealth{Address: server.Address}, func(x *ServerHealth) string { return x.Address })
				k := viewKeyOf(p.Pool.ID, s.Settings.ID, server.Address)
				m.views[k] = append(m.views[k], view{instance, server})
			}
		}
	}
}

func viewKeyOf(pool, settings, address string) viewKey {
	return viewKey{strings.ToLower(pool), strings.ToLower(settings), strings.ToLower(address)}
}

// place finds the item with the name of a new one, or adds that.
func place[T any](list *[]T, item T, name func(*T) string) *T {
	for i := range *list {
		if x := &(*list)[i]; strings.EqualFold(name(x), name(&item)) {
			return x
		}
	}
	*list = append(*list, item)
	return &(*list)[len(*list)-1]
}

func (m *healthMerger) merged() Health {
	for _, p := range m.out.Pools {
		for _, s := range p.Settings {
			for i := range s.Servers {
				at := &s.Servers[i]
				*at = mergeViews(m.views[viewKeyOf(p.Pool.ID, s.Settings.ID, at.Address)])
			}
		}
	}
	return m.out
}

// mergeViews is one member by all views of it.
func mergeViews(views []view) ServerHealth {
	health, decides := agreed(views)
	out := ServerHealth{Address: views[0].Address, Health: health, Detail: decides.Detail}
	if health == "Partial" {
		out.Detail = disagreement(views)
	}
	out.Causeway = mergeEvidence(views, decides)
	return out
}

// agreed is the state that all views have, those that have none yet aside, or Partial. decides is the view that explains it: the first
// that is not Up; of those that are, the one whose probes have failed most often.
func agreed(views []view) (health string, decides *view) {
	for i := range views {
		v := &views[i]
		switch {
		case decides == nil || decides.Health == "Unknown" && v.Health != "Unknown":
			decides = v
			health = v.Health
		case v.Health == "Up" && health == "Up" && v.failures() > decides.failures():
			decides = v
		case v.Health == "Unknown" || v.Health == decides.Health && health != "Partial":
		case v.Health != decides.Health:
			if health = "Partial"; decides.Health == "Up" {
				decides = v
			}
		}
	}
	return health, decides
}

// failures is how many probes of a member have failed in a row.
func (v *view) failures() int {
	if v.Causeway == nil {
		return 0
	}
	return v.Causeway.Failures
}

// disagreement says who sees what: appgw_0, appgw_2: Up. appgw_1: Down: Could not connect to the backend.
func disagreement(views []view) string {
	var order []string
	who := map[string][]string{}
	for i := range views {
		v := &views[i]
		text := v.Health
		if v.Health != "Up" && v.Detail != "" {
			text += ": " + strings.TrimSuffix(v.Detail, ".")
		}
		if who[text] == nil {
			order = append(order, text)
		}
		who[text] = append(who[text], v.instance)
	}
	text := "The gateway's instances disagree."
	for _, what := range order {
		text += " " + strings.Join(who[what], ", ") + ": " + what + "."
	}
	return text
}

// mergeEvidence is what the instances know of a member together.
func mergeEvidence(views []view, decides *view) *HealthEvidence {
	if decides.Causeway == nil {
		return nil
	}
	e := *decides.Causeway
	e.Ejections, e.Instances = 0, nil
	for i := range views {
		x := views[i].Causeway
		if x == nil {
			continue
		}
		e.Dial = cmp.Or(e.Dial, x.Dial)
		// Times in RFC 3339, UTC and whole seconds compare as texts.
		e.Since, e.LastProbe, e.HeldUntil = max(e.Since, x.Since), max(e.LastProbe, x.LastProbe), max(e.HeldUntil, x.HeldUntil)
		e.Unjudged = max(e.Unjudged, x.Unjudged)
		e.Failures, e.Ejections = max(e.Failures, x.Failures), e.Ejections+x.Ejections
		if x.IdleHint > 0 && (e.IdleHint == 0 || x.IdleHint < e.IdleHint) {
			e.IdleHint = x.IdleHint
		}
		own := *x
		own.Instances = nil
		e.Instances = append(e.Instances, InstanceHealth{views[i].instance, views[i].Health, views[i].Detail, own})
	}
	e.Transitions = mergeTransitions(e.Instances)
	return &e
}

// maxTransitions is how many turns of a member's health a document keeps.
const maxTransitions = 64

// mergeTransitions is the history of a member for the gateway as a whole: it is down while no instance has it up.
func mergeTransitions(instances []InstanceHealth) (out []string) {
	type turn struct{ at, state, instance string }
	var turns []turn
	for i := range instances {
		for _, line := range instances[i].Transitions {
			at, state, _ := strings.Cut(line, " ")
			turns = append(turns, turn{at, state, instances[i].Instance})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(timeOrder(a.at), timeOrder(b.at)) })
	up, known, was := map[string]bool{}, false, false
	for _, t := range turns {
		if t.state == "Up" {
			up[t.instance] = true
		} else {
			delete(up, t.instance)
		}
		if now := len(up) > 0; !known || now != was {
			known, was = true, now
			out = append(out, t.at+" "+t.state)
		}
	}
	return out[max(0, len(out)-maxTransitions):]
}

// timeOrder makes times in RFC 3339, UTC, compare as texts whatever number of fractional digits they have.
func timeOrder(at string) string {
	whole, fraction, _ := strings.Cut(strings.TrimSuffix(at, "Z"), ".")
	return whole + "." + fraction
}
