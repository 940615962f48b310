package supervisor

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"time"

	"causeway/internal/admin"
	"causeway/internal/conn"
	"causeway/internal/fdpass"
	"causeway/internal/store"
)

// predecessor is the gateway before this one, as its successor sees it. The zero value stands for none.
type predecessor struct {
	c        *fdpass.Conn
	sockets  map[string]int  // inherited listening sockets
	admin    admin.Listeners // inherited ones
	services []net.Listener  // inherited ones of the service manager
	snapshot *store.Snapshot // what it serves; nil: there is none, or it has gone
	executed bool            // it was this very process, which has executed this program since
}

// meetPredecessor asks the gateway that runs on a data directory, if one does, for its sockets.
func meetPredecessor(data string, takeOver bool) (*predecessor, error) {
	c, err := fdpass.Dial(filepath.Join(data, handoverName), time.Second)
	if err != nil { // nobody is there, or the program that this process executed before
		p := new(predecessor)
		p.admin, p.services = inheritedListeners()
		if p.executed = p.admin.Control != nil; p.executed {
			nameProcess()
		}
		return p, nil
	}
	o, fds, err := askForSockets(c, request{TakeOver: takeOver})
	p := &predecessor{c: c, sockets: map[string]int{}, snapshot: o.Snapshot}
	if err == nil {
		err = p.take(o.Addresses, fds)
	} else {
		fdpass.CloseAll(fds)
	}
	if err != nil {
		p.close()
		if errors.Is(err, admin.ErrTaken) {
			return nil, err
		}
		return nil, fmt.Errorf("take over from the gateway that runs on this data directory: %w: %w", errHandOver, err)
	}
	c.SetDeadline(time.Time{})
	return p, nil
}

// askForSockets asks a predecessor for what it has.
func askForSockets(c *fdpass.Conn, q request) (o offer, fds []int, err error) {
	c.SetDeadline(time.Now().Add(askTime))
	if err = c.Send(q); err == nil {
		fds, err = c.Receive(&o)
	}
	switch {
	case err != nil:
	case o.Refused:
		err = admin.ErrTaken
	case o.Snapshot == nil:
		err = errors.New("it does not say what it serves")
	case len(fds) != len(o.Addresses):
		err = fmt.Errorf("%d sockets came with %d addresses", len(fds), len(o.Addresses))
	}
	return o, fds, err
}

// take takes the sockets over.
func (p *predecessor) take(addresses []string, fds []int) (err error) {
	for i, address := range addresses {
		into := map[string]*net.Listener{
			adminSocket: &p.admin.Address, apiSocket: &p.admin.API, apiUnixSocket: &p.admin.APISocket,
		}[address]
		if into == nil {
			p.sockets[address] = fds[i]
			continue
		}
		ln, bad := conn.Listener(fds[i])
		syscall.Close(fds[i])
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("take over the address of %s: %w", address, bad))
			continue
		}
		*into = ln
	}
	return err
}

// serves reports whether there is a predecessor that has not gone yet.
func (p *predecessor) serves() bool { return p.snapshot != nil }

// goesOn reports whether the gateway served before this program began, in this process or in another: an upgrade is no start.
func (p *predecessor) goesOn() bool { return p.executed || p.serves() }

// listens reports whether the predecessor still hears what this gateway reports.
func (p *predecessor) listens() bool { return p.c != nil }

// takeSockets takes the inherited listening sockets.
func (p *predecessor) takeSockets() map[string]int {
	sockets := p.sockets
	p.sockets = nil
	return sockets
}

// takeServices takes the inherited listeners of the service manager.
func (p *predecessor) takeServices() []net.Listener {
	services := p.services
	p.services = nil
	return services
}

// takeAdmin takes the inherited listeners of the commands.
func (p *predecessor) takeAdmin() admin.Listeners {
	listeners := p.admin
	p.admin = admin.Listeners{}
	return listeners
}

// report says how far this gateway is, with open files that the report is about, and waits until the predecessor has noted it.
func (p *predecessor) report(n progress, files ...int) error {
	if p.c == nil {
		return fmt.Errorf("talk to the gateway before this one: %w", errHandOver)
	}
	p.c.SetDeadline(time.Now().Add(readyTime))
	err := p.c.Send(n, files...)
	if err == nil && !n.Serving {
		_, err = p.c.Receive(&noted{})
	}
	if err != nil {
		return fmt.Errorf("talk to the gateway before this one: %w: %w", errHandOver, err)
	}
	return nil
}

// close ends the conversation. Before the word that this gateway serves, the predecessor goes on.
func (p *predecessor) close() {
	for _, fd := range p.sockets {
		syscall.Close(fd)
	}
	p.sockets = nil
	for _, ln := range append(p.takeServices(), p.admin.Control, p.admin.Address, p.admin.API, p.admin.APISocket) {
		if ln != nil {
			ln.Close()
		}
	}
	p.admin = admin.Listeners{}
	if p.c != nil {
		p.c.Close()
		p.c = nil
	}
}
