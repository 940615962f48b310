package sizing

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"causeway/internal/budget"
	"causeway/internal/cause"
	"causeway/internal/diagnose/traffic"
	"causeway/internal/evidence"
	"causeway/internal/gateway"
	"causeway/internal/report"
	"causeway/internal/scale"
	"causeway/internal/units"
)

// Where an instance has a budget, what it uses of it can be judged: that is measured, whatever the requests cost.

// nearly is the part of a budget in use from which nothing is left for what comes at once, and cut the share of throttled periods from
// which the budget, and not the load, decides how fast the gateway is.
const (
	nearly = 0.9
	cut    = 0.25
)

// budgets is what all instances use, as shares of their budgets.
type budgets struct {
	instances int
	name      string      // of the size
	size      budget.Size // of the first: they all have one size
	cpu       float64     // mean, 0 to 1
	throttled float64     // mean, 0 to 1
	memory    float64     // of the fullest, 0 to 1
	fullest   int         // its number
	most      float64     // CPU of the busiest, 0 to 1
	busiest   int         // its number
	held      bool
}

// budgetsOf sums up the instances that serve; none where the machine has none.
func budgetsOf(m *evidence.Machine) (b budgets) {
	if m == nil {
		return b
	}
	b.held = true
	for i := range m.Instances {
		x := &m.Instances[i]
		if x.State != evidence.Serving || x.CPU <= 0 {
			continue
		}
		if b.instances++; b.instances == 1 {
			b.name, b.size = x.Size, x.Budgeted()
		}
		b.cpu, b.throttled, b.held = b.cpu+x.CPUUsed, b.throttled+x.Throttled, b.held && x.Held
		if x.CPUUsed > b.most {
			b.most, b.busiest = x.CPUUsed, x.Number
		}
		if x.Memory > 0 && float64(x.MemoryUsed)/float64(x.Memory) > b.memory {
			b.memory, b.fullest = float64(x.MemoryUsed)/float64(x.Memory), x.Number
		}
	}
	if n := float64(b.instances); n > 0 {
		b.cpu, b.throttled = b.cpu/n, b.throttled/n
	}
	return b
}

// judgeInstances judges what the instances use of their budgets; false: there are none to judge.
func (c *Report) judgeInstances(t *traffic.Summary) bool {
	b := budgetsOf(c.Machine)
	if b.instances == 0 {
		return false
	}
	c.Headroom = 1 - max(b.cpu, b.memory)
	switch {
	case b.memory > nearly:
		c.Judgement = fmt.Sprintf("too small: instance %d uses %.0f %% of its %s of memory", b.fullest, 100*b.memory,
			gateway.MemoryText(b.size.Memory))
		c.adviseMemory(&b)
	case b.cpu > nearly, b.throttled > cut && b.cpu > tight:
		c.Judgement = "too small: " + b.text() + c.queueText()
		c.adviseCPU(&b, t)
	case b.cpu > tight:
		c.Judgement = "tight: " + b.text()
		c.adviseCPU(&b, t)
	default:
		c.Judgement = "enough now: " + b.text() + b.unevenText()
		c.judgeNeighbours()
	}
	if !b.held {
		c.Assumed = append(c.Assumed, "the budgets are not held here: instances may use more than 100 % of them while the machine is idle, and less when it is not"+
			why(c.Machine))
	}
	return true
}

// unevenText names an instance that is full beside others that are not.
func (b *budgets) unevenText() string {
	if b.instances < 2 || b.most <= nearly {
		return ""
	}
	return fmt.Sprintf("; but instance %d uses %.0f %% of its own: clients stay with the instance that has their connection, and move as they open others",
		b.busiest, 100*b.most)
}

// queueText says how many clients full instances keep waiting: the access log has nothing of those who give up there.
func (c *Report) queueText() string {
	if c.Machine.Queued == 0 {
		return ""
	}
	return fmt.Sprintf(", and %s not been accepted yet: requests of those who give up are in no record",
		units.Count(c.Machine.Queued, "client has", "clients have"))
}

// judgeNeighbours says so where instances may use so little because others use the processors: a budget is a limit, and no reservation.
func (c *Report) judgeNeighbours() {
	m := c.Machine
	if m.Cores == 0 || m.Load <= crowded*float64(m.Cores) {
		return
	}
	c.Judgement = strings.Replace(c.Judgement, "enough now", "cannot tell", 1) + fmt.Sprintf(
		"; but more wants to run on this machine (load %.1f, the mean of a minute) than its %s can carry: they may not get their budgets",
		m.Load, units.Count(m.Cores, "processor", "processors"))
}

// crowded is the load of a processor from which what wants to run waits as long as it runs.
const crowded = 2

func why(m *evidence.Machine) string {
	if m.Budget == nil || m.Budget.Why == "" {
		return ""
	}
	return ". " + strings.ToUpper(m.Budget.Why[:1]) + m.Budget.Why[1:]
}

// text is what they use: 2 instances of size small use 97 % of their 0.5 CPU, throttled 40 % of the time.
func (b *budgets) text() string {
	verb := "use"
	if b.instances == 1 {
		verb = "uses"
	}
	text := fmt.Sprintf("%s of size %s %s %.0f %% of the budget of %s each", units.Count(b.instances, "instance", "instances"), b.name,
		verb, 100*b.cpu, gateway.CPUText(b.size.CPU))
	if b.instances == 1 {
		text = strings.TrimSuffix(text, " each")
	}
	if b.throttled >= 0.01 {
		text += fmt.Sprintf(", throttled %.0f %% of the time", 100*b.throttled)
	}
	return text
}

// adviseCPU says how many instances, or which size, the load needs, and whether this machine has room for them.
func (c *Report) adviseCPU(b *budgets, t *traffic.Summary) {
	need := max(scale.NeededByCompute(b.cpu*float64(b.instances), b.instances), b.instances+1)
	because := "the load then takes about 70 % of their budgets"
	cutOff := b.cpu >= nearly // the budgets cut the load off
	if d := demandLately(t); (cutOff || b.throttled > cut) && d.Known() {
		need, cutOff = d.Need(b.instances), d.hidden(c.Machine.Queued)
		c.Judgement += "; " + d.Text()
	}
	if c.Need = need; cutOff {
		because += ", if it is not larger than what the present budgets let through: look again once they run"
	}
	larger := largerFor(t, b.size, b.instances, need)
	verb, least := "needed", ""
	if strings.HasPrefix(c.Judgement, "tight") {
		verb = "advised"
	}
	if cutOff {
		least = "at least "
	}
	c.Judgement += fmt.Sprintf("; %s%d instances %s, or %s", least, need, verb, larger.text())
	if fit := c.Machine.Fit(b.size); fit >= 0 && need > fit {
		room := fmt.Sprintf("this machine has %s, so at most %s", gateway.CPUText(c.processors()),
			units.Count(fit, "such instance fits", "such instances fit"))
		c.Judgement += "; " + room
		because += "; " + room + ": beyond that it takes a larger machine, or more of them"
	}
	c.Larger = larger.sku
	c.Advice = append(c.Advice, instanceAdvice(t, larger, need, because)...)
}

// processors is how many the instances may use together.
func (c *Report) processors() float64 {
	if c.Machine.Room > 0 {
		return c.Machine.Room
	}
	return float64(c.Machine.Cores)
}

// InstanceAdvice are the settings for a load that needs so many instances where now so many run: their number, or a larger size.
func InstanceAdvice(t *traffic.Summary, now, need int, because string) []Advice {
	sizes := sizesOf(t)
	_, size := sizes.Of(skuOf(t))
	return instanceAdvice(t, largerFor(t, size, now, need), need, because)
}

func instanceAdvice(t *traffic.Summary, larger largerSize, need int, because string) []Advice {
	name, group := t.NameAndGroup()
	return []Advice{
		{
			Change: units.Count(need, "instance", "instances"), Because: because, Commands: setCapacity(t, name, group, need),
			Set: []report.Setting{capacitySetting(t, need)},
		},
		{
			Change: "or " + larger.text(), Because: "with as many instances as now", Commands: larger.commands(t, name, group),
			Set: []report.Setting{larger.setting()},
		},
	}
}

// capacitySetting is the number of instances, or the maximum of a gateway that scales.
func capacitySetting(t *traffic.Summary, n int) report.Setting {
	path := "sku/capacity"
	if t.Config != nil && t.Config.Autoscale != nil {
		path = "autoscaleConfiguration/maxCapacity"
	}
	return report.Setting{File: cause.Document, Path: path, Value: json.RawMessage(strconv.Itoa(n))}
}

func sizesOf(t *traffic.Summary) gateway.Sizes {
	if t.Local != nil {
		return t.Local.Sizes
	}
	return gateway.DefaultSizes()
}

func skuOf(t *traffic.Summary) gateway.SKU {
	if t.Config == nil {
		return gateway.SKU{Name: "NAME", Tier: "TIER"}
	}
	return t.Config.SKU
}

// largerSize is a size that carries the load with as many instances as now: a SKU of the first generation, or else more processors in
// causeway.yaml.
type largerSize struct {
	sku  string // empty: none is large enough, or the gateway is of the second generation, which has one size
	name string // of the present size in causeway.yaml
	cpu  float64
}

// largerFor finds the size that does with so many instances now what needs more of the present size.
func largerFor(t *traffic.Summary, size budget.Size, now, need int) largerSize {
	sku, sizes := skuOf(t), sizesOf(t)
	name, _ := sizes.Of(sku)
	cpu := float64(need) * size.CPU / float64(max(1, now))
	if t.Config != nil && t.Config.V1() {
		for _, step := range []string{"Medium", "Large"} {
			larger := sku.Tier + "_" + step
			if _, has := sizes.Of(gateway.SKU{Name: larger}); has.CPU >= cpu-1e-9 && !strings.EqualFold(larger, sku.Name) {
				return largerSize{larger, name, has.CPU}
			}
		}
	}
	return largerSize{"", name, math.Ceil(2*cpu-1e-9) / 2}
}

func (l largerSize) text() string {
	if l.sku == "" {
		return gateway.CPUText(l.cpu) + " for each instance"
	}
	return "size " + l.sku + " (" + gateway.CPUText(l.cpu) + ")"
}

// setting is the larger size in the document, or in causeway.yaml.
func (l largerSize) setting() report.Setting {
	if l.sku != "" {
		return report.Setting{File: cause.Document, Path: "sku/name", Value: json.RawMessage(strconv.Quote(l.sku))}
	}
	return report.Setting{File: cause.Local, Path: "sizes/" + l.name + "/cpu", Value: json.RawMessage(units.Decimal(l.cpu, 2))}
}

func (l largerSize) commands(t *traffic.Summary, name, group string) report.Commands {
	if l.sku == "" {
		return report.Commands{
			Causeway: fmt.Sprintf("set sizes: {%s: {cpu: %s}} in causeway.yaml, then: causeway config apply --local causeway.yaml", l.name,
				units.Decimal(l.cpu, 2)),
		}
	}
	sku := skuOf(t)
	return report.Commands{
		AzCLI:      fmt.Sprintf("az network application-gateway update -g %s -n %s --sku %s", group, name, l.sku),
		PowerShell: setSKU(name, group, gateway.SKU{Name: l.sku, Tier: sku.Tier, Capacity: max(1, sku.Capacity)}),
		Portal:     "Configuration > SKU size",
		Causeway:   fmt.Sprintf("set sku.name to %s in the document, then: causeway config apply gateway.json", l.sku),
	}
}

// setCapacity are the commands that set the number of instances, or the maximum of a gateway that scales.
func setCapacity(t *traffic.Summary, name, group string, n int) report.Commands {
	if t.Config != nil && t.Config.Autoscale != nil {
		least := max(1, t.Config.Autoscale.Min)
		return report.Commands{
			AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --min-capacity %d --max-capacity %d", group, name, least, n),
			PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name %s -ResourceGroupName %s; "+
				"Set-AzApplicationGatewayAutoscaleConfiguration -ApplicationGateway $gw -MinCapacity %d -MaxCapacity %d; "+
				"Set-AzApplicationGateway -ApplicationGateway $gw", name, group, least, n),
			Portal:   "Configuration > Capacity type: Autoscale",
			Causeway: fmt.Sprintf("set autoscaleConfiguration.maxCapacity to %d in the document, then: causeway config apply gateway.json", n),
		}
	}
	sku := skuOf(t)
	sku.Capacity = n
	return report.Commands{
		AzCLI:      fmt.Sprintf("az network application-gateway update -g %s -n %s --capacity %d", group, name, n),
		PowerShell: setSKU(name, group, sku),
		Portal:     "Configuration > Instance count",
		Causeway:   fmt.Sprintf("set sku.capacity to %d in the document, then: causeway config apply gateway.json", n),
	}
}

// setSKU is the PowerShell that sets name, tier and number of instances, which go together there.
func setSKU(name, group string, sku gateway.SKU) string {
	return fmt.Sprintf("$gw = Get-AzApplicationGateway -Name %s -ResourceGroupName %s; "+
		"Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity %d; Set-AzApplicationGateway -ApplicationGateway $gw",
		name, group, sku.Name, sku.Tier, sku.Capacity)
}

func (c *Report) adviseMemory(b *budgets) {
	more := 2 * b.size.Memory
	c.Advice = append(c.Advice, Advice{
		Change:  fmt.Sprintf("%s of memory an instance", gateway.MemoryText(more)),
		Because: "at the limit the kernel ends the instance, and with it the requests under way",
		Commands: report.Commands{
			Causeway: fmt.Sprintf("set sizes: {%s: {memory: %dMiB}} in causeway.yaml, then: causeway config apply --local causeway.yaml", b.name, more>>20),
		},
		Set: []report.Setting{{
			File: cause.Local, Path: "sizes/" + b.name + "/memory", Value: json.RawMessage(fmt.Sprintf(`"%dMiB"`, more>>20)),
		}},
	})
}

// instanceRows describe the instances, one a line.
func instanceRows(m *evidence.Machine) (rows [][]string) {
	if m.Budget != nil {
		rows = append(rows, []string{"budgets", m.Budget.Text()})
	}
	for i := range m.Instances {
		x := &m.Instances[i]
		text := fmt.Sprintf("%s, size %s (%s): CPU %.0f %%, throttled %.0f %%, memory %s; %s", x.State, x.Size, x.Budgeted(),
			100*x.CPUUsed, 100*x.Throttled, gateway.MemoryText(x.MemoryUsed), units.Count(x.Connections, "connection", "connections"))
		if !x.Started.IsZero() {
			text += "; since " + x.Started.UTC().Format(time.RFC3339)
		}
		if x.Restarts > 0 {
			text += "; " + units.Count(x.Restarts, "restart", "restarts")
		}
		if x.CrashLoop {
			text += "; it dies again and again"
		}
		rows = append(rows, []string{fmt.Sprintf("instance %d", x.Number), text})
	}
	return rows
}
