package route

import (
	"net"
	"strconv"
	"strings"

	"causeway/internal/gateway"
)

// Binding says at which addresses of this machine the ports of a document are served.
type Binding struct {
	Listen     string            `json:"listen,omitempty"`     // address of all frontends; empty: all addresses of both families
	Bind       map[string]string `json:"bind,omitempty"`       // frontend → address of its own
	PortOffset int               `json:"portOffset,omitempty"` // added to every port of the document
}

// Addr is the address that a frontend port is bound to. It is a ListenAddr.
func (b Binding) Addr(frontend string, port int) string {
	address := b.Listen
	for name, own := range b.Bind {
		if strings.EqualFold(name, frontend) {
			address = own
		}
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(port+b.PortOffset))
}

// Addresses returns the ports that a configuration needs: Key, Frontend and Number of each. It fails, as Compile does, where two
// frontends would share an address.
func Addresses(c *gateway.Config, listen ListenAddr) ([]*Port, error) {
	t := &Table{Config: c, ports: map[string]*Port{}, listen: listen}
	for _, r := range orderedRules(c) {
		if l := c.Listener(r.Listener); l != nil {
			if _, err := t.port(l); err != nil {
				return nil, err
			}
		}
	}
	return t.order, nil
}
