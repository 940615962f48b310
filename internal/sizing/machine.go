package sizing

import (
	"fmt"
	"slices"
	"strings"

	"causeway/internal/budget"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/report"
	"causeway/internal/units"
)

// What Azure publishes of instances and sizes holds for Azure's machines. A gateway of Causeway's has the machine that it runs on: what
// that can carry is known once somebody has measured it.

// HostOf is where the gateway of the evidence runs. One of Causeway's gave its own figures, or its records are its own, or, without any,
// the events of its activity log. az cannot be pointed at an API that answers on a unix socket only.
func HostOf(t *traffic.Summary, m *evidence.Machine) report.Host {
	ownEvent := func(a evidence.Activity) bool { return a.Own != nil }
	switch {
	case m != nil && strings.HasPrefix(m.API, "https://"):
		return report.OnCausewayAz
	case m != nil, 2*t.Own > t.Requests, t.Requests == 0 && slices.ContainsFunc(t.Activity, ownEvent):
		return report.OnCauseway
	}
	return report.OnAzure
}

// machineCapacity compares the load with what is known of the machine: its limits, not its speed.
func machineCapacity(t *traffic.Summary, m *evidence.Machine) *Report {
	c := &Report{
		Schema:     Schema,
		Loads:      []Load{},
		Advice:     []Advice{},
		Assumed:    []string{},
		Missing:    []report.Missing{},
		Headroom:   -1,
		Machine:    m,
		SelfHosted: true,
	}
	h := HostOf(t, m)
	frame(t, h, c)
	c.Assumed = []string{} // what is taken for granted of Azure's gateways
	logLoads(t, c)
	for i := range c.Loads {
		c.Loads[i].Limit = 0
	}
	if m != nil && m.ConnectionsLimit > 0 {
		c.Loads = append(c.Loads, Load{
			Measure: "connections",
			Source:  "gateway",
			Peak:    float64(m.Connections),
			High:    float64(m.Connections),
			Limit:   float64(m.ConnectionsLimit),
			Unit:    "client connections, now",
		})
	}
	judgeMachine(t, c)
	ofAzure(t, c)
	c.Limits = machineLimits(m)
	if m == nil {
		c.Missing = append(c.Missing, report.Missing{
			What: "the machine",
			Why:  "its processors, memory and limits are not among these files",
			How:  "ask the gateway while it runs: causeway capacity --live",
		})
	}
	c.Missing = append(c.Missing, report.Missing{
		What: "a measurement of this machine",
		Why:  "how many requests it can carry depends on its processors, on TLS, on the sizes of answers, and on what else runs there",
		How:  "make bench, in a checkout of Causeway on this machine, measures it beside nginx and HAProxy; docs/performance.md has the figures of two others",
	})
	for i := range c.Advice {
		c.Advice[i].Commands = c.Advice[i].Commands.Of(h)
		if h == report.OnAzure {
			c.Advice[i].Set = nil
		}
	}
	return c
}

// judgeMachine judges what has a limit that is known: connections, and the budgets of instances. Clients that had to wait for room are
// past the first.
func judgeMachine(t *traffic.Summary, c *Report) {
	unknown := "how many requests a second this machine can carry is not known: it was not measured here (make bench does)"
	m := c.Machine
	used := 0.0
	if m != nil && m.ConnectionsLimit > 0 {
		used = float64(m.Connections) / float64(m.ConnectionsLimit)
		c.Headroom = 1 - used
	}
	switch {
	case t.Waits.N > 0:
		c.Judgement = "too small for its connections: " + t.Waits.Text()
		c.Advice = append(c.Advice, moreConnections("clients waited for room"))
	case used > 0.9:
		c.Judgement = fmt.Sprintf("tight: %d client connections now, of %d that fit; beyond that silent ones give way to new ones",
			m.Connections, m.ConnectionsLimit)
		c.Advice = append(c.Advice, moreConnections("the limit is near"))
	case c.judgeInstances(t), c.judgeRecorded(t):
		return
	case m != nil && m.Load > 0 && m.Load > float64(m.Cores):
		c.Judgement = fmt.Sprintf("tight: more wants to run on this machine (load %.1f, the mean of a minute) than it has processors (%d), whatever it is", m.Load, m.Cores)
	default:
		c.Judgement = "cannot tell how much is left: " + unknown
		return
	}
	c.Judgement += ". Beyond that, " + unknown
}

func moreConnections(because string) Advice {
	return Advice{
		Change: "raise the limit of open files, of which a client connection may need two", Because: because,
		Commands: report.Commands{Causeway: "systemctl edit causeway: [Service] LimitNOFILE=262144, then restart; or ulimit -n in the shell that starts it"},
	}
}

// ofAzure says what of the document means something else on Azure.
func ofAzure(t *traffic.Summary, c *Report) {
	if t.Config == nil {
		return
	}
	text := fmt.Sprintf("Azure's figures for the size and instances of the document (%s, %s) say nothing of this machine: here a size is a budget of processors and memory",
		units.Or(c.Size, "no size"), c.instances())
	if c.Machine == nil || len(c.Machine.Instances) == 0 {
		text += ", and what the instances use of it is not among the evidence"
	}
	c.Assumed = append(c.Assumed, text)
}

// machineLimits are what the process has.
func machineLimits(m *evidence.Machine) [][]string {
	if m == nil {
		return [][]string{}
	}
	var rows [][]string
	add := func(what, text string, known bool) {
		if known {
			rows = append(rows, []string{what, text})
		}
	}
	add("processors", fmt.Sprintf("%d, of which Go uses %d (GOMAXPROCS); load %.1f", m.Cores, m.Procs, m.Load), m.Cores > 0)
	add("engine", m.Engine, m.Engine != "" && m.Loops == 0)
	add("engine", fmt.Sprintf("%s, %d event loops", m.Engine, m.Loops), m.Loops > 0)
	add("memory", fmt.Sprintf("%d MiB, of which the gateway uses %d", m.Memory>>20, m.Used>>20), m.Memory > 0)
	add("open files", fmt.Sprintf("%d at most, %d now", m.Files, m.Open), m.Files > 0)
	add("client connections", fmt.Sprintf("%d at most, %d now", m.ConnectionsLimit, m.Connections), m.ConnectionsLimit > 0)
	add("clients not accepted yet", fmt.Sprint(m.Queued), m.Queued > 0)
	add("room", roomFor(m), roomFor(m) != "")
	return append(rows, instanceRows(m)...)
}

// roomFor says how many instances of the size that runs have room on the machine; empty: that is not known.
func roomFor(m *evidence.Machine) string {
	if len(m.Instances) == 0 {
		return ""
	}
	x := &m.Instances[0]
	fit := m.Fit(budget.Size{CPU: x.CPU, Memory: x.Memory})
	if fit < 0 {
		return ""
	}
	return fmt.Sprintf("for %s of size %s (%s and %s each); %s", units.Count(fit, "instance", "instances"), x.Size,
		gateway.CPUText(x.CPU), gateway.MemoryText(x.Memory), units.Count(len(m.Instances), "runs", "run"))
}
