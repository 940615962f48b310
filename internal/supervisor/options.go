package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/process"
	"causeway/internal/route"
)

// Options say what to run and where.
type Options struct {
	Config     string            // gateway document
	Parameters string            // parameters file of a document that is a template; empty: none
	Local      string            // causeway.yaml; empty: none
	Data       string            // data directory
	Listen     string            // address that frontends are bound at; empty: all, both families
	Bind       map[string]string // frontend → address of its own
	PortOffset int               // added to every port of the document
	Admin      string            // read-only TCP address; empty: none
	API        string            // address of the management API; empty: none
	APINames   []string          // further names under which it answers, HOST or HOST:PORT
	APISocket  string            // path of a unix socket of the management API; empty: none
	Drain      time.Duration     // how long requests under way may take at the end
	Allow      []string          // protections that a document may ask for in vain
	TakeOver   bool              // take the place of a gateway that runs on the data directory
	Version    string            // of the program, for causeway_build_info
	LogFormat  string            // of the program's own log, for instances too; empty: the default
	hungAfter  int               // see there; 0: the constant. For tests, which have no half a minute
	trial      bool              // see ErrProved
	Instance   process.Command   // program of an instance; the zero value: this one, as causeway instance

	upgradeFailed string // why the program that this process executed in between could not begin; empty: there was none
}

// binding is where ports are served.
func (o *Options) binding() route.Binding {
	return route.Binding{Listen: o.Listen, Bind: o.Bind, PortOffset: o.PortOffset}
}

// command is the program of an instance.
func (o *Options) command() process.Command {
	c := o.Instance
	if c.Path == "" {
		c.Path, c.Args = thisProgram(), []string{"instance"}
		if o.LogFormat != "" {
			c.Args = append(c.Args, "--log-format", o.LogFormat)
		}
	}
	return c
}

// OptionError is an option that cannot be meant so. Hint says what could be.
type OptionError struct {
	Option  string // as the command line has it, with its value
	Problem string
	Hint    string
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Problem }

const maxPort = 65535

// check judges the options by themselves.
func (o *Options) check() error {
	if o.PortOffset < 0 || o.PortOffset > maxPort {
		return &OptionError{
			fmt.Sprint("--port-offset ", o.PortOffset), "it is not between 0 and 65535",
			"for example --port-offset 8000 makes port 80 into 8080",
		}
	}
	if o.Drain < 0 {
		return &OptionError{fmt.Sprint("--drain ", o.Drain), "it is negative", "for example --drain 30s; 0s ends at once"}
	}
	if err := checkAddress("--admin", o.Admin, 9180); err != nil {
		return err
	}
	if err := checkAddress("--api", o.API, 8443); err != nil {
		return err
	}
	return checkAPISocket(o.APISocket)
}

// hasAPI reports whether clients reach the management API, over an address or a socket.
func (o *Options) hasAPI() bool { return o.API != "" || o.APISocket != "" }

// checkAddress judges an option that is an address, or empty.
func checkAddress(option, address string, example int) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > maxPort {
		return &OptionError{
			option + " " + address, "it is not ADDRESS:PORT with a port up to 65535",
			fmt.Sprintf("for example %s 127.0.0.1:%d, or :%d for loopback", option, example, example),
		}
	}
	return nil
}

// fit holds the options against the document that they are for.
func (o *Options) fit(c *gateway.Config) error {
	var known []string
	for _, f := range c.FrontendIPs {
		known = append(known, f.Name)
	}
	for name, address := range o.Bind {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			return &OptionError{
				"--bind " + name + "=" + address, fmt.Sprintf("the document has no frontend IP configuration %q", name),
				"it has " + strings.Join(known, ", "),
			}
		}
	}
	for _, p := range c.FrontendPorts {
		if p.Port+o.PortOffset > maxPort {
			return &OptionError{
				fmt.Sprint("--port-offset ", o.PortOffset), fmt.Sprintf("frontend port %q, %d, would become %d", p.Name, p.Port,
					p.Port+o.PortOffset),
				fmt.Sprintf("ports end at 65535: at most --port-offset %d", maxPort-p.Port),
			}
		}
	}
	return nil
}

// refusal adds to an error what to do about it.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if known := (*admin.Refusal)(nil); errors.As(err, &known) {
		return err
	}
	return &admin.Refusal{Err: err, Hint: hintFor(err)}
}

// hintFor is what to do about an error of Start, Reload or Apply.
func hintFor(err error) string {
	var option *OptionError
	var format *document.FormatError
	var network *net.OpError
	var exposed *exposedError
	var held *takenError
	if hint := hintOfStore(err); hint != "" {
		return hint
	}
	onSocket := errors.As(err, &network)
	switch {
	case errors.As(err, &option):
		return option.Hint
	case errors.As(err, &format):
		return format.Hint
	case errors.Is(err, ErrInvalid):
		return "fix the problems listed above; causeway config validate checks a document without serving it"
	case errors.Is(err, errNoGateway):
		return "create one over the management API, or with causeway config apply"
	case errors.As(err, &exposed):
		return exposed.command()
	case errors.Is(err, errHandOver):
		return "start it again: the other gateway may have ended meanwhile; causeway health shows whether one runs"
	case errors.Is(err, admin.ErrTaken):
		return "stop it, take its place without refusing anybody with --take-over, or give this one a directory of its own with --data"
	case errors.Is(err, route.ErrSameAddr):
		return "give each frontend an address of its own: --bind FRONTEND=ADDRESS, for example --bind public=192.0.2.10 --bind private=10.0.0.10"
	case errors.As(err, &held):
		return held.hint
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no interface of this machine has that address: check --listen, --bind, --admin and --api"
	case onSocket && errors.Is(err, syscall.EACCES):
		return "use --port-offset 8000, or give the program CAP_NET_BIND_SERVICE"
	case onSocket:
		return "check --listen, --bind, --admin, --api and the length of --data"
	case errors.Is(err, fs.ErrNotExist):
		return "check the names given with --config, --local and --data"
	case errors.Is(err, fs.ErrPermission):
		return "this user must be able to read the documents and to write the data directory"
	}
	return "causeway config validate checks a document without serving it; causeway serve --help explains the options"
}
