package units

import (
	"strconv"
	"strings"

	"ptpu/table"
)

// The names of the attributes beside an item's own, as table/dynamo writes them
// for the message table: names count like values do.
const (
	partitionName = "pk"
	sortName      = "sk"
	versionName   = "ver"
	expiryName    = "ttl"
	// These follow the name of an index.
	placePartition = "Partition"
	placeSort      = "Sort"
)

// Size is how many bytes an item has for DynamoDB: names and values of all
// attributes. The 100 bytes that storage adds to each item are not part of it.
// The zero item has none.
func Size(item table.Item) int {
	if item.Key == (table.Key{}) {
		return 0
	}
	size := len(partitionName) + len(item.Key.Partition)
	if item.Key.Sort != "" {
		size += len(sortName) + len(item.Key.Sort)
	}
	if item.Version != 0 { // an index shows none
		size += len(versionName) + number(item.Version)
	}
	if !item.Expires.IsZero() {
		size += len(expiryName) + number(item.Expires.Unix())
	}
	for index, place := range item.Index {
		size += len(index) + len(placePartition) + len(place.Partition)
		size += len(index) + len(placeSort) + len(place.Sort)
	}
	for name, value := range item.Attributes {
		size += len(name)
		switch value := value.(type) {
		case string:
			size += len(value)
		case int64:
			size += number(value)
		case bool:
			size++
		}
	}
	return size
}

// number is about how many bytes a number has: one for every two significant
// digits, and one. Zeros in front and behind are not significant.
func number(n int64) int {
	digits := strings.Trim(strconv.FormatInt(n, 10), "-")
	digits = strings.TrimRight(digits, "0")
	return (len(digits)+1)/2 + 1
}
