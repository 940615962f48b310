package conn

import (
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// The evictor finds places for new clients: it collects the silent ones of all loops, chooses, and makes those give way. It
// has a goroutine of its own, since a loop must not wait for another.

// reserve takes a place for one more client, if one is free: loops accept at the same time.
func (e *Epoll) reserve() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Limit > 0 && e.live >= e.Limit {
		return false
	}
	e.live++
	return true
}

// giveBack frees a place.
func (e *Epoll) giveBack() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live--
	e.listen()
}

// await keeps a port from listening until there is a place.
func (e *Epoll) await(p *port) {
	e.mu.Lock()
	e.full(&e.Options, time.Now())
	e.held = append(e.held, p)
	e.short.Store(true)
	e.mu.Unlock()
	e.nudge()
}

// enter counts a client for its address. It keeps it waiting if the address holds its share of the places already.
func (e *Epoll) enter(s *sock) (waits bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Limit == 0 {
		return false
	}
	from := clientOf(s.info.Remote.Addr())
	e.hold(from)
	if e.clients[from] <= share(e.Limit) {
		return false
	}
	e.waiting = append(e.waiting, s)
	e.nudge()
	return true
}

// end removes a client from the counts.
func (s *sock) end() {
	e := s.l.e
	s.settled()
	s.l.size.Add(-1)
	if e.Limit > 0 {
		e.mu.Lock()
		e.release(clientOf(s.info.Remote.Addr()))
		e.mu.Unlock()
	}
	e.giveBack()
	s.server.active.Done()
}

// settled notes that a client which was asked to give way has done so, or has sent something.
func (s *sock) settled() {
	if s.evicted {
		s.evicted = false
		s.l.e.going.Add(-1)
	}
}

// stays notes that a client sent something when it was asked to give way: another must.
func (s *sock) stays() {
	if s.drain = false; s.evicted {
		s.settled()
		s.l.e.nudge()
	}
}

// listen lets the held ports listen again if there is a place. e.mu is held.
func (e *Epoll) listen() {
	if len(e.held) == 0 || e.live >= e.Limit {
		return
	}
	for _, p := range e.held {
		p.l.post(p.watch)
	}
	e.held = nil
	e.short.Store(false)
}

// drop forgets the held ports of a server that accepts nothing more.
func (e *Epoll) drop(s *epollServer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = slices.DeleteFunc(e.held, func(p *port) bool { return p.server == s })
	e.short.Store(len(e.held) > 0)
}

// relieve evicts one silent connection of any address: the process has run out of descriptors.
func (e *Epoll) relieve() {
	e.mu.Lock()
	e.relief = true
	e.mu.Unlock()
	e.nudge()
}

// nudge wakes the evictor.
func (e *Epoll) nudge() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

func (e *Epoll) evictor() {
	defer close(e.ended)
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-e.kick:
		case <-again.C:
		case <-e.quit:
			return
		}
		if e.takeRelief() {
			e.evict(netip.Addr{}, 1)
		}
		if soon := e.admitWaiting(); e.makeRoom() || soon {
			again.Reset(grace) // a newcomer counts as silent by then
		}
	}
}

// makeRoom evicts silent clients until there is a place, and reports whether there is none yet.
func (e *Epoll) makeRoom() (short bool) {
	for need := e.needed(); need > 0; need = e.needed() {
		if enough, _ := e.evict(netip.Addr{}, need); !enough {
			return true
		}
	}
	return false
}

// needed is how many more must give way so that one client finds a place.
func (e *Epoll) needed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listen()
	if len(e.held) == 0 {
		return 0
	}
	return e.live - e.Limit + 1 - int(e.going.Load())
}

func (e *Epoll) takeRelief() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.relief
	e.relief = false
	return was
}

// admitWaiting decides on clients whose address holds its share of the places: one of its own silent ones gives way to each,
// and if none of them is silent, the new one is closed. While some have only just come it waits; soon reports that.
func (e *Epoll) admitWaiting() (soon bool) {
	e.mu.Lock()
	queue := e.waiting
	e.waiting = nil
	e.mu.Unlock()
	for i, s := range queue {
		from := clientOf(s.info.Remote.Addr())
		e.mu.Lock()
		later := ofAddress(queue[i+1:], from) + ofAddress(e.waiting, from) // counted already, and decided on later
		over := e.clients[from] - share(e.Limit) - later
		e.mu.Unlock()
		enough, newcomers := over <= 0, false
		if !enough {
			enough, newcomers = e.evict(from, over)
		}
		switch {
		case enough:
			s.l.post(s.begin)
		case newcomers:
			e.mu.Lock()
			e.waiting = append(e.waiting, s)
			e.mu.Unlock()
			soon = true
		default:
			e.Crowded(from)
			unix.Close(s.fd)
			s.end()
		}
	}
	return soon
}

// ofAddress is how many of the clients are of an address.
func ofAddress(list []*sock, from netip.Addr) (n int) {
	for _, s := range list {
		if clientOf(s.info.Remote.Addr()) == from {
			n++
		}
	}
	return n
}

// taggedSock names a client across rounds of its loop: its socket may serve another meanwhile.
type taggedSock struct {
	s   *sock
	tag int32
}

// evict ends those that have been silent longest, of one address or (the zero Addr) of all: as many as needed, or a batch.
// It reports whether there were so many, and whether it spared others because they have just come. It returns once the
// handlers of those that give way have run.
func (e *Epoll) evict(of netip.Addr, need int) (enough, newcomers bool) {
	most := max(need, e.Limit/batchPart)
	found := make([][]silentClient[taggedSock], len(e.loops))
	e.everywhere(func(l *epollLoop) {
		found[slices.Index(e.loops, l)] = l.silent(of, most)
	})
	chosen, newcomers := givingWay(slices.Concat(found...), need, e.Limit)
	gone := make([]int, len(e.loops))
	e.everywhere(func(l *epollLoop) {
		for _, q := range chosen {
			if s := q.conn.s; s.l == l && s.tag == q.conn.tag && !s.closed && s.giveWay() {
				gone[slices.Index(e.loops, l)]++
			}
		}
	})
	e.everywhere(func(*epollLoop) {}) // now the handlers have run
	n := 0
	for _, k := range gone {
		n += k
	}
	if n > 0 {
		e.Evicted(n)
	}
	return n >= need, newcomers
}

// giveWay makes a silent client give way. A request that is arriving is still served.
func (s *sock) giveWay() bool {
	if !s.dismiss() {
		return false
	}
	s.evicted = true
	s.l.e.going.Add(1)
	return true
}

// silent returns the clients of a loop that have waited longest, at most so many of each list.
func (l *epollLoop) silent(of netip.Addr, most int) (out []silentClient[taggedSock]) {
	now := clock()
	for _, q := range [2]*silentList{&l.mute, &l.idle} {
		n := 0
		for s := q.first; s != nil && n < most; s = s.behind {
			if of.IsValid() && clientOf(s.info.Remote.Addr()) != of {
				continue
			}
			out = append(out, newSilentClient(taggedSock{s, s.tag}, s.spoke, time.Duration(now-s.silentSince)))
			n++
		}
	}
	return out
}
