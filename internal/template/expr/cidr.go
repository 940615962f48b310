package expr

import (
	"math/big"
	"net/netip"
)

// These compute with ranges of addresses in CIDR notation:
// https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr.

// prefixOf reads 10.0.0.0/16; bits of the host are cleared.
func prefixOf(v any) (netip.Prefix, error) {
	s, _ := v.(string)
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return p, Wrong("write a network such as 10.0.0.0/16", "%s is not a network", Quote(TextOf(v)))
	}
	return p.Masked(), nil
}

// ParseCIDR is {network, netmask, broadcast, firstUsable, lastUsable, cidr}; IPv6 has no mask and no broadcast.
func ParseCIDR(args []any) (any, error) {
	p, err := prefixOf(args[0])
	if err != nil {
		return nil, err
	}
	out := NewObject("network", p.Addr().String())
	first, last := p.Addr(), lastOf(p)
	if p.Addr().Is4() {
		out.Set("netmask", maskOf(p).String())
		out.Set("broadcast", last.String())
		if p.Bits() < 31 {
			first, last = first.Next(), last.Prev()
		}
	} else if p.Bits() < 127 {
		first = first.Next()
	}
	out.Set("firstUsable", first.String())
	out.Set("lastUsable", last.String())
	out.Set("cidr", Number(int64(p.Bits())))
	return out, nil
}

// lastOf is the highest address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func maskOf(p netip.Prefix) netip.Addr {
	b := make([]byte, p.Addr().BitLen()/8)
	for i := range p.Bits() {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// CIDRSubnet is the network of a size with a number, counted from 0, inside another: cidrSubnet('10.0.0.0/16', 24, 1) is
// 10.0.1.0/24.
func CIDRSubnet(args []any) (any, error) {
	p, err := prefixOf(args[0])
	if err != nil {
		return nil, err
	}
	bits, isInt := AsInteger(args[1])
	i, also := AsInteger(args[2])
	if !isInt || !also || bits < int64(p.Bits()) || bits > int64(p.Addr().BitLen()) || i < 0 {
		return nil, Wrong("write cidrSubnet(NETWORK, BITS, INDEX), BITS no fewer than the network has", "%s has no such part", p)
	}
	if wide := bits - int64(p.Bits()); wide < 62 && i >= 1<<wide {
		return nil, Wrong("count from 0", "%s has %d networks of /%d, and none with the index %d", p, int64(1)<<wide, bits, i)
	}
	step := new(big.Int).Lsh(big.NewInt(i), uint(int64(p.Addr().BitLen())-bits))
	a, ok := plus(p.Addr(), step)
	if !ok {
		return nil, Wrong("count from 0", "%s has no network with the index %d", p, i)
	}
	return netip.PrefixFrom(a, int(bits)).String(), nil
}

// CIDRHost is the usable address with a number, counted from 0: cidrHost('10.0.1.0/24', 0) is 10.0.1.1.
func CIDRHost(args []any) (any, error) {
	p, err := prefixOf(args[0])
	if err != nil {
		return nil, err
	}
	i, ok := AsInteger(args[1])
	first, last := p.Addr(), lastOf(p)
	if wide := p.Addr().BitLen() - p.Bits(); wide > 1 {
		first = first.Next()
		if first.Is4() {
			last = last.Prev() // the highest is for broadcasts
		}
	}
	a, fits := plus(first, big.NewInt(max(i, 0)))
	if !ok || i < 0 || !fits || last.Less(a) {
		return nil, Wrong("count from 0", "%s has no address with the index %s", p, TextOf(args[1]))
	}
	return a.String(), nil
}

// plus adds to an address; not ok beyond the last one there is.
func plus(a netip.Addr, n *big.Int) (netip.Addr, bool) {
	sum := new(big.Int).SetBytes(a.AsSlice())
	sum.Add(sum, n)
	if sum.BitLen() > a.BitLen() {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(sum.FillBytes(make([]byte, a.BitLen()/8)))
}
