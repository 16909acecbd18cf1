package dynamo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ptpu/table"
	"ptpu/table/dynamo"
)

func TestCreateIsSafeToRepeat(t *testing.T) {
	client := engine(t)
	wanted := spec
	wanted.Name = fresh("messages")
	if err := dynamo.Check(t.Context(), client, wanted); !errors.Is(err, dynamo.ErrNoTable) {
		t.Errorf("Check before: got error %v, want %v", err, dynamo.ErrNoTable)
	}
	made, err := dynamo.Create(t.Context(), client, wanted)
	if err != nil || !made.Table || !made.TimeToLive {
		t.Fatalf("Create: made %+v, error %v", made, err)
	}
	made, err = dynamo.Create(t.Context(), client, wanted)
	if err != nil || made.Table || made.TimeToLive || len(made.Indexes) > 0 {
		t.Errorf("Create again: made %+v, error %v", made, err)
	}
	if err := dynamo.Check(t.Context(), client, wanted); err != nil {
		t.Errorf("Check after: %v", err)
	}
	put := table.Put(table.Item{Key: key}, table.Absent())
	if err := open(t, client, wanted).Write(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	if got, err := dynamo.Describe(t.Context(), client, wanted.Name); err != nil || got.Status != "ACTIVE" || got.Rows != 1 {
		t.Errorf("Describe: %+v, error %v", got, err)
	}
}

func TestATableOfEitherShapeIsBilledByRequest(t *testing.T) {
	client := engine(t)
	for _, wanted := range []dynamo.Spec{
		{Name: fresh("messages"), Partition: "pk", Sort: "sk", Indexes: spec.Indexes},
		{Name: fresh("locks"), Partition: "_id", NoExpiry: true},
	} {
		create(t, client, wanted)
		found, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &wanted.Name})
		if err != nil || found.Table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
			t.Errorf("table %s: billing %+v, error %v", wanted.Name, found.Table.BillingModeSummary, err)
		}
	}
}

func TestCreateAddsAnIndexOfALaterRelease(t *testing.T) {
	client := engine(t)
	before := dynamo.Spec{Name: fresh("messages"), Partition: "pk", Sort: "sk", Indexes: spec.Indexes[:1]}
	create(t, client, before)
	after := before
	after.Indexes = append(slices.Clone(spec.Indexes), table.Index{Name: "third"})
	wantDifferences(t, dynamo.Check(t.Context(), client, after), "there is no index report", "there is no index third")
	made, err := dynamo.Create(t.Context(), client, after)
	if err != nil || made.Table || !slices.Equal(made.Indexes, []string{"report", "third"}) {
		t.Errorf("Create: made %+v, error %v", made, err)
	}
	if err := dynamo.Check(t.Context(), client, after); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func TestCheckAndCreateNameEveryDifference(t *testing.T) {
	client := engine(t)
	found := dynamo.Spec{Name: fresh("legacy"), Partition: "id", Indexes: []table.Index{{Name: "report"}}, NoExpiry: true}
	create(t, client, found)
	switchOnTTL(t, client, found.Name, "deleteBy")
	wanted := dynamo.Spec{
		Name: found.Name, Partition: "pk", Sort: "sk",
		Indexes: []table.Index{{Name: "due"}, {Name: "report", Project: []string{"status", "locationId"}}},
	}
	wantDifferences(t, dynamo.Check(t.Context(), client, wanted),
		"its key is id (S), want pk (S), sk (S)", "index report does not project ttl, status, locationId",
		"there is no index due", "its time-to-live is on deleteBy, want it on ttl")
	made, err := dynamo.Create(t.Context(), client, wanted)
	wantDifferences(t, err, "its key is id (S), want pk (S), sk (S)", "index report does not project ttl, status, locationId")
	if made.Table || len(made.Indexes) > 0 || made.TimeToLive {
		t.Errorf("Create has made %+v in a table that it refuses", made)
	}
}

func TestAForeignTimeToLiveIsNotTouched(t *testing.T) {
	client := engine(t)
	wanted := dynamo.Spec{Name: fresh("legacy"), Partition: "_id", NoExpiry: true}
	create(t, client, wanted)
	wanted.NoExpiry = false
	wantDifferences(t, dynamo.Check(t.Context(), client, wanted), "its time-to-live is off, want it on ttl")
	switchOnTTL(t, client, wanted.Name, "deleteBy")
	_, err := dynamo.Create(t.Context(), client, wanted)
	wantDifferences(t, err, "its time-to-live is on deleteBy, want it on ttl")
}

func switchOnTTL(t *testing.T, client *dynamodb.Client, name, attribute string) {
	t.Helper()
	_, err := client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               &name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantDifferences(t *testing.T, err error, differences ...string) {
	t.Helper()
	if !errors.Is(err, dynamo.ErrDifferent) {
		t.Errorf("got error %v, want %v", err, dynamo.ErrDifferent)
		return
	}
	for _, difference := range differences {
		if !strings.Contains(err.Error(), difference) {
			t.Errorf("error %q does not say that %s", err, difference)
		}
	}
}

// moto's tables are ready at once.
func TestWhatIsStillBeingMadeIsUnavailable(t *testing.T) {
	lock := dynamo.Spec{Name: "locks", Partition: "_id", NoExpiry: true}
	for name, edit := range map[string]func(*types.TableDescription){
		"table CREATING":     func(d *types.TableDescription) { d.TableStatus = types.TableStatusCreating },
		"index CREATING":     func(d *types.TableDescription) { d.GlobalSecondaryIndexes[0].IndexStatus = types.IndexStatusCreating },
		"usable":             func(*types.TableDescription) {},
		"usable on UPDATING": func(d *types.TableDescription) { d.TableStatus = types.TableStatusUpdating },
	} {
		found := &types.TableDescription{
			TableStatus:            types.TableStatusActive,
			KeySchema:              []types.KeySchemaElement{{AttributeName: aws.String("_id"), KeyType: types.KeyTypeHash}},
			GlobalSecondaryIndexes: []types.GlobalSecondaryIndexDescription{{IndexStatus: types.IndexStatusActive}},
		}
		edit(found)
		client := &fake{answer: func(any) (any, error) { return &dynamodb.DescribeTableOutput{Table: found}, nil }}
		err := dynamo.Check(t.Context(), client, lock)
		if want := !strings.HasPrefix(name, "usable"); errors.Is(err, table.ErrUnavailable) != want || err != nil && !want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
