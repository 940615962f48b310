package report

import (
	"fmt"
	"slices"
	"strings"
)

// Host is where a gateway runs, and so with which commands it can be asked and changed.
type Host int

// The hosts.
const (
	OnAzure      Host = iota
	OnCauseway        // with its own commands
	OnCausewayAz      // with its own commands, and with az over its management API
)

var hostNames = []string{"azure", "causeway", "causewayWithApi"}

// MarshalText implements encoding.TextMarshaler.
func (h Host) MarshalText() ([]byte, error) { return []byte(hostNames[h]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Host) UnmarshalText(text []byte) error {
	i := slices.Index(hostNames, string(text))
	if i < 0 {
		return fmt.Errorf("the host %q is none of %s", text, strings.Join(hostNames, ", "))
	}
	*h = Host(i)
	return nil
}

// Ask is how to get a piece of evidence of a gateway.
func (h Host) Ask(causeway, az string) string {
	switch h {
	case OnCauseway:
		return causeway
	case OnCausewayAz:
		return causeway + "; or " + az
	}
	return az
}

// Of are the commands that change a gateway on a host. PowerShell and the portal cannot be pointed at Causeway.
func (c Commands) Of(h Host) Commands {
	switch {
	case h == OnAzure:
		return c
	case h == OnCausewayAz && isServed(c.AzCLI):
		return Commands{Causeway: c.Causeway, AzCLI: c.AzCLI}
	}
	return Commands{Causeway: c.Causeway}
}

// isServed reports whether each command of a line of az is one that the management API answers.
func isServed(line string) bool {
	for command := range strings.SplitSeq(line, "&&") {
		command = strings.TrimSpace(command)
		if !strings.HasPrefix(command, "az network application-gateway ") || strings.Contains(command, " waf-policy ") {
			return false
		}
	}
	return true
}

// Line is one form of a fix as a reader copies it.
type Line struct{ Tool, Command string }

// Lines are the forms that a fix has, Causeway's own first.
func (c Commands) Lines() (out []Line) {
	for _, l := range []Line{{"causeway", c.Causeway}, {"az", c.AzCLI}, {"powershell", c.PowerShell}, {"portal", c.Portal}} {
		if l.Command != "" {
			out = append(out, l)
		}
	}
	return out
}
