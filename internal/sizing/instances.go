package sizing

import (
	"fmt"
	"strings"
	"time"

	"causeway/internal/budget"
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
		c.Judgement = "too small: " + b.text()
		c.adviseCPU(&b, t)
	case b.cpu > tight:
		c.Judgement = "tight: " + b.text()
		c.adviseCPU(&b, t)
	default:
		c.Judgement = "enough now: " + b.text()
	}
	if !b.held {
		c.Assumed = append(c.Assumed, "the budgets are not held here: instances may use more than 100 % of them while the machine is idle, and less when it is not"+
			why(c.Machine))
	}
	return true
}

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
	c.Need = need
	larger, cpu := c.largerFor(float64(need)*b.size.CPU/float64(b.instances), t)
	fit := c.Machine.Fit(b.size)
	verb := "needed"
	if strings.HasPrefix(c.Judgement, "tight") {
		verb = "advised"
	}
	c.Judgement += fmt.Sprintf("; %d instances %s", need, verb)
	if larger != "" {
		c.Judgement += ", or size " + larger
	}
	room := ""
	if fit >= 0 && need > fit {
		room = fmt.Sprintf("this machine has %s, so at most %s", gateway.CPUText(c.processors()),
			units.Count(fit, "such instance fits", "such instances fit"))
		c.Judgement += "; " + room
	}
	because := "the load then takes about 70 % of their budgets"
	if b.cpu >= nearly {
		because += ", if it is not larger than what the present budgets let through: look again once they run"
	}
	if room != "" {
		because += "; " + room + ": beyond that it takes a larger machine, or more of them"
	}
	name, group := t.NameAndGroup()
	c.Advice = append(c.Advice, Advice{
		Change:   units.Count(need, "instance", "instances"),
		Because:  because,
		Commands: setCapacity(c, t, name, group, need),
	})
	if larger != "" {
		c.Larger = larger
		c.Advice = append(c.Advice, Advice{
			Change:   "or the size " + larger,
			Because:  fmt.Sprintf("an instance of it has %s", gateway.CPUText(cpu)),
			Commands: setSKU(t, name, group, larger),
		})
	}
}

// processors is how many the instances may use together.
func (c *Report) processors() float64 {
	if c.Machine.Room > 0 {
		return c.Machine.Room
	}
	return float64(c.Machine.Cores)
}

// largerFor is the SKU of the smallest size of the first generation that has so many processors an instance; empty: there is none, or the
// gateway is of the second generation, which has one size.
func (c *Report) largerFor(cpu float64, t *traffic.Summary) (sku string, has float64) {
	if t.Config == nil || !t.Config.V1() {
		return "", 0
	}
	sizes := gateway.DefaultSizes()
	if t.Local != nil {
		sizes = t.Local.Sizes
	}
	for _, name := range []string{"Medium", "Large"} {
		sku := t.Config.SKU.Tier + "_" + name
		if _, size := sizes.Of(gateway.SKU{Name: sku}); size.CPU >= cpu-1e-9 && !strings.EqualFold(sku, t.Config.SKU.Name) {
			return sku, size.CPU
		}
	}
	return "", 0
}

// setCapacity are the commands that set the number of instances, or the maximum of a gateway that scales.
func setCapacity(c *Report, t *traffic.Summary, name, group string, n int) report.Commands {
	if t.Config != nil && t.Config.Autoscale != nil {
		least := max(1, c.Instances[0])
		return report.Commands{
			AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --min-capacity %d --max-capacity %d", group, name, least, n),
			PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name %s -ResourceGroupName %s; Set-AzApplicationGatewayAutoscaleConfiguration -ApplicationGateway $gw -MinCapacity %d -MaxCapacity %d; Set-AzApplicationGateway -ApplicationGateway $gw",
				name, group, least, n),
			Causeway: fmt.Sprintf("set autoscaleConfiguration.maxCapacity to %d in the document, then: causeway config apply gateway.json", n),
		}
	}
	sku := gateway.SKU{Name: "NAME", Tier: "TIER"}
	if t.Config != nil {
		sku = t.Config.SKU
	}
	return report.Commands{
		AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --capacity %d", group, name, n),
		PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name %s -ResourceGroupName %s; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity %d; Set-AzApplicationGateway -ApplicationGateway $gw",
			name, group, sku.Name, sku.Tier, n),
		Causeway: fmt.Sprintf("set sku.capacity to %d in the document, then: causeway config apply gateway.json", n),
	}
}

func setSKU(t *traffic.Summary, name, group, sku string) report.Commands {
	return report.Commands{
		AzCLI: fmt.Sprintf("az network application-gateway update -g %s -n %s --sku %s", group, name, sku),
		PowerShell: fmt.Sprintf("$gw = Get-AzApplicationGateway -Name %s -ResourceGroupName %s; Set-AzApplicationGatewaySku -ApplicationGateway $gw -Name %s -Tier %s -Capacity %d; Set-AzApplicationGateway -ApplicationGateway $gw",
			name, group, sku, t.Config.SKU.Tier, max(1, t.Config.SKU.Capacity)),
		Causeway: fmt.Sprintf("set sku.name to %s in the document, then: causeway config apply gateway.json", sku),
	}
}

func (c *Report) adviseMemory(b *budgets) {
	more := 2 * b.size.Memory
	c.Advice = append(c.Advice, Advice{
		Change:  fmt.Sprintf("%s of memory an instance", gateway.MemoryText(more)),
		Because: "at the limit the kernel ends the instance, and with it the requests under way",
		Commands: report.Commands{
			Causeway: fmt.Sprintf("set sizes: {%s: {memory: %dMiB}} in causeway.yaml, then: causeway config apply --local causeway.yaml", b.name, more>>20),
		},
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
