package dynamo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
)

// schema is the key of the table, or of an index, as DynamoDB declares it: the
// partition key, and the sort key if there is one.
func schema(partition, sort string) []types.KeySchemaElement {
	elements := []types.KeySchemaElement{{AttributeName: &partition, KeyType: types.KeyTypeHash}}
	if sort != "" {
		elements = append(elements, types.KeySchemaElement{AttributeName: &sort, KeyType: types.KeyTypeRange})
	}
	return elements
}

func indexSchema(index table.Index) []types.KeySchemaElement {
	return schema(partitionOf(index.Name), sortOf(index.Name))
}

// keyNames lists the key attributes of the table and of all its indexes.
func (s Spec) keyNames() []string {
	names := []string{s.Partition}
	if s.Sort != "" {
		names = append(names, s.Sort)
	}
	for _, index := range s.Indexes {
		names = append(names, partitionOf(index.Name), sortOf(index.Name))
	}
	return names
}

// definitions declare key attributes, which are strings all of them. A request
// declares those that it makes a key, no more and no fewer.
func definitions(names ...string) []types.AttributeDefinition {
	definitions := make([]types.AttributeDefinition, len(names))
	for i, name := range names {
		definitions[i] = types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
	}
	return definitions
}

// projected lists what the index carries besides the keys: what its queries
// show, and the expiry, without which they would show what has expired.
func (s Spec) projected(index table.Index) []string {
	if s.NoExpiry {
		return index.Project
	}
	return append([]string{ttlAttribute}, index.Project...)
}

func (s Spec) projection(index table.Index) *types.Projection {
	names := s.projected(index)
	if len(names) == 0 {
		return &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	}
	return &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: names}
}

// differences tells what is wrong with the table that was found, apart from
// indexes that it lacks.
func (s Spec) differences(found *types.TableDescription) []string {
	var differences []string
	kinds := map[string]string{}
	for _, d := range found.AttributeDefinitions {
		kinds[aws.ToString(d.AttributeName)] = string(d.AttributeType)
	}
	if got, want := keyText(found.KeySchema, kinds), keyText(schema(s.Partition, s.Sort), nil); got != want {
		differences = append(differences, fmt.Sprintf("its key is %s, want %s", got, want))
	}
	for _, index := range s.Indexes {
		there, ok := indexOf(found, index.Name)
		if !ok {
			continue
		}
		if got, want := keyText(there.KeySchema, kinds), keyText(indexSchema(index), nil); got != want {
			differences = append(differences, fmt.Sprintf("the key of index %s is %s, want %s", index.Name, got, want))
		}
		if lacking := lacking(there.Projection, s.projected(index)); len(lacking) > 0 {
			differences = append(differences, fmt.Sprintf("index %s does not project %s", index.Name, strings.Join(lacking, ", ")))
		}
	}
	return differences
}

// missing lists the indexes that the table found does not have.
func (s Spec) missing(found *types.TableDescription) []table.Index {
	return slices.DeleteFunc(slices.Clone(s.Indexes), func(index table.Index) bool {
		_, ok := indexOf(found, index.Name)
		return ok
	})
}

func indexOf(found *types.TableDescription, name string) (types.GlobalSecondaryIndexDescription, bool) {
	for _, index := range found.GlobalSecondaryIndexes {
		if aws.ToString(index.IndexName) == name {
			return index, true
		}
	}
	return types.GlobalSecondaryIndexDescription{}, false
}

// keyText shows a key for comparison and for people, such as "pk (S), sk
// (S)". An attribute that kinds does not know is a string.
func keyText(key []types.KeySchemaElement, kinds map[string]string) string {
	texts := make([]string, len(key))
	for i, element := range key {
		name, kind := aws.ToString(element.AttributeName), string(types.ScalarAttributeTypeS)
		if known, ok := kinds[name]; ok {
			kind = known
		}
		texts[i] = fmt.Sprintf("%s (%s)", name, kind)
	}
	return strings.Join(texts, ", ")
}

// lacking lists which of the wanted attributes are not projected. More than
// wanted does no harm.
func lacking(p *types.Projection, want []string) []string {
	if p == nil || p.ProjectionType == types.ProjectionTypeAll {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(p.NonKeyAttributes, name) })
}
