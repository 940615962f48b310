package report

import (
	"fmt"
	"strings"

	"causeway/internal/units"
)

// GuideSchema is the version of the guide.
const GuideSchema = "causeway.guide/v2"

// Guide is the way through a search for the cause of intermittent 502s, one question at a time. A question is answered
// by the evidence where there is some, and by the reader where there is none.
type Guide struct {
	Schema      string       `json:"schema"`
	Steps       []GuideStep  `json:"steps"`
	Outcome     string       `json:"outcome"`            // the conclusion from the answers
	Headline    string       `json:"headline,omitempty"` // of the report; empty without requests
	Verdict     *Verdict     `json:"verdict"`
	Where       *Where       `json:"where"`
	FailureKind *FailureKind `json:"failureKind"`
	Rivals      []string     `json:"rivals"` // causes that the failures without a verdict may have, the likeliest first

	Host Host `json:"host"` // where the gateway runs
}

// GuideStep is one question. Answer is yes, no or unknown; yes is always the harmless one, and the search goes on with the
// next step; no is where the search ends or branches.
type GuideStep struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Why      string   `json:"why"`
	Answer   string   `json:"answer"`
	Source   string   `json:"source"` // evidence, you, none
	Detail   string   `json:"detail"`
	Ask      string   `json:"ask"` // how to find out
	Then     []string `json:"then"`
	Actions  []Fix    `json:"actions"`
	Causes   []string `json:"causes"` // found behind a no
}

// Answers.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "unknown"
)

// question is one of the guide, with the step of the report that answers it.
type question struct {
	id, step, question, why string
	az, portal, own         string   // how to find out: on Azure, there in the portal, and on Causeway
	groups                  string   // of causes that belong behind it
	then                    []string // what to do after a no, where no finding says more
	thenOwn                 []string // the same on Causeway; nil: as on Azure
}

// ask is how to find out on a host.
func (q *question) ask(h Host) string {
	if h == OnAzure && q.portal != "" {
		return q.az + ", or " + q.portal
	}
	return h.Ask(q.own, q.az)
}

// next is what to do after a no.
func (q *question) next(h Host) []string {
	if h != OnAzure && q.thenOwn != nil {
		return q.thenOwn
	}
	return q.then
}

// guided is the questions in order.
var guided = []question{
	{
		"backend-health", "backend-health", "Are all members healthy, and were they healthy when requests failed?",
		"A member that its probes have taken out gets no requests. If none is left, the gateway itself answers 502.",
		"az network application-gateway show-backend-health -g GROUP -n GATEWAY",
		"Monitoring > Backend health",
		"causeway health",
		"abfi",
		[]string{"act on the detail that backend health gives for each member: it names the result of the probe"},
		nil,
	},
	{
		"whose-error", "", "Does the gateway make these errors, rather than the backend?",
		"The gateway passes an error of the backend on unchanged; then only the application's own log has the cause.",
		"compare serverStatus with httpStatus in the access log: if they are equal, the backend sent the error; except for 502 and 504, which the gateway may have written there itself: look those up in the member's own log",
		"",
		"causeway logs --failed; the trace of a record says who wrote its status: causeway explain TRANSACTIONID",
		"k",
		[]string{"look up the requests in the backend's log by x-appgw-trace-id, which is the transactionId of the access log"},
		nil,
	},
	{
		"request-timeout", "request-timeout", "Is serverResponseLatency below the request timeout of the backend settings?",
		"A request that waits for the whole request timeout gets 504 (502 on the first generation), even if the backend would have responded later.",
		"compare serverResponseLatency in the access log with requestTimeout: az network application-gateway http-settings list -g GROUP --gateway-name GATEWAY",
		"",
		"compare serverResponseLatency in the access log (causeway logs) with requestTimeout (causeway config show)",
		"d",
		[]string{"raise the request timeout above the slow responses, if they do come; find out what makes them slow"},
		nil,
	},
	{
		"connections", "backend-connections", "Do connections to members open, and last?",
		"A member that restarts, closes idle connections sooner than the gateway, or is unreachable loses requests that are otherwise quick.",
		"error_info ERRORINFO_UPSTREAM_CLOSED_CONNECTION in the access log; BackendConnectTime in the metrics",
		"",
		"causeway diagnose --live; error_info in the access log",
		"bce",
		[]string{"let the members keep idle connections longer than the gateway does, and drain them before they stop"},
		nil,
	},
	{
		"gateway-capacity", "gateway-performance", "Did the gateway have capacity left?",
		"A gateway at its maximum of instances, or short of CPU, is slow for all pools alike.",
		"metrics CapacityUnits and ComputeUnits against ten for each instance; on the first generation CpuUtilization; causeway capacity compares them with the limits",
		"",
		"causeway capacity --live; causeway instances",
		"h",
		[]string{
			"raise the number of instances: Configuration > Instance count, or az network application-gateway update --capacity N",
			"then the size: Standard_Medium or Standard_Large on the first generation; causeway migrate makes a second-generation document",
		},
		[]string{
			"raise the number of instances: sku.capacity in the document, then causeway config apply gateway.json",
			"then the size: sku.name in the document, or sizes in causeway.yaml",
		},
	},
	{
		"backend-performance", "backend-performance", "Do members respond as quickly under load as otherwise?",
		"What remains is the backend: its CPU, its workers, and the services that it waits for.",
		"BackendFirstByteResponseTime in the metrics, by member, against the requests a minute",
		"",
		"causeway diagnose --live: its pictures show latency by member against load",
		"g",
		[]string{"look at the members' CPU and workers, and at the services behind them, at the times of the failures"},
		nil,
	},
}

// GuideOf lays the answers that a report has along the questions.
func GuideOf(r *Report) *Guide {
	g := &Guide{
		Schema:      GuideSchema,
		Steps:       []GuideStep{},
		Verdict:     r.Verdict,
		Where:       r.Where,
		FailureKind: r.FailureKind,
		Rivals:      append([]string{}, r.Undetermined.Rivals...),
		Host:        r.Host,
	}
	if r.Requests > 0 {
		g.Headline = r.Headline()
	}
	for _, x := range guided {
		s := GuideStep{
			ID:       x.id,
			Question: x.question,
			Why:      x.why,
			Answer:   Unknown,
			Source:   "none",
			Ask:      r.named(x.ask(r.Host)),
			Then:     []string{},
			Actions:  []Fix{},
			Causes:   []string{},
		}
		for _, step := range r.Steps {
			if step.Step == x.step && step.Result != NotKnown {
				s.Answer, s.Source, s.Detail = map[string]string{Pass: Yes, Fail: No}[step.Result], "evidence", step.Detail
			}
		}
		if x.id == "whose-error" && r.Requests > 0 {
			s.Source, s.Answer, s.Detail = "evidence", Yes, "no failure is an error of the backend itself"
			if r.Ambiguous > 0 {
				s.Source, s.Answer, s.Detail = "none", Unknown,
					fmt.Sprintf("%d failures have a status that the gateway may have written itself, or the member", r.Ambiguous)
			}
		}
		s.behind(r, x.groups)
		if s.Answer == No && len(s.Actions) == 0 && len(s.Causes) == 0 {
			s.Then = x.next(r.Host)
		}
		g.Steps = append(g.Steps, s)
	}
	g.conclude()
	return g
}

// named puts the names of the gateway into a command, where the evidence has them.
func (r *Report) named(command string) string {
	return strings.NewReplacer("-g GROUP", "-g "+units.Or(r.Group, "GROUP"), "-n GATEWAY", "-n "+units.Or(r.Gateway, "GATEWAY"),
		"--gateway-name GATEWAY", "--gateway-name "+units.Or(r.Gateway, "GATEWAY")).Replace(command)
}

// behind gathers what the report found behind a question.
func (s *GuideStep) behind(r *Report, groups string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if !strings.Contains(groups, f.Cause[:1]) || f.Failures+f.Recovered+f.Contributing == 0 {
			continue
		}
		s.Causes = append(s.Causes, f.Cause)
		s.Actions = append(s.Actions, f.Fixes...)
		if s.ID == "whose-error" {
			s.Answer, s.Detail = No, f.Title
		}
	}
}

// Reply answers a question that the evidence does not.
func (g *Guide) Reply(id, answer string) {
	for i := range g.Steps {
		if s := &g.Steps[i]; s.ID == id {
			s.Answer, s.Source = answer, "you"
			if answer == No {
				s.Then = guided[i].next(g.Host)
			}
		}
	}
	g.conclude()
}

// conclude draws the conclusion from the answers: the first no decides, a question without an answer before it stays open.
func (g *Guide) conclude() {
	open := []string{}
	for _, s := range g.Steps {
		switch s.Answer {
		case Unknown:
			open = append(open, s.ID)
		case No:
			g.Outcome = "the first no is at " + s.ID
			if len(s.Causes) > 0 {
				g.Outcome += ": " + strings.Join(s.Causes, ", ")
			}
			if len(open) > 0 {
				g.Outcome += "; not answered before it: " + strings.Join(open, ", ")
			}
			return
		}
	}
	g.Outcome = "nothing points at a cause"
	if len(open) > 0 {
		g.Outcome += " so far; not answered: " + strings.Join(open, ", ")
	}
}
