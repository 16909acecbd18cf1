package faulttest

import (
	"hash/fnv"
	"strconv"
)

// chance is a number from 0 up to 1 that follows from the seed and the parts.
func chance(seed uint64, parts ...string) float64 {
	return float64(mixed(seed, parts...)>>11) / (1 << 53)
}

// mixed hashes the parts. FNV alone leaves texts that differ at the end close to
// each other; the rounds behind it are those of SplitMix64.
func mixed(seed uint64, parts ...string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write(strconv.AppendUint(nil, seed, 16))
	for _, part := range parts {
		_, _ = hash.Write([]byte{0})
		_, _ = hash.Write([]byte(part))
	}
	x := hash.Sum64()
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// parts are the call's identity.
func (c Call) parts(more ...string) []string {
	return append([]string{c.Process, string(c.Seam), c.Op, c.Key, strconv.Itoa(c.Time)}, more...)
}
