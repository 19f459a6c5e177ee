// The example server of zitadel/oidc, on loopback alone, with clients of ours and a groups claim.
//
// PORT, REDIRECT_URIS and POST_LOGOUT_URIS (with commas), LOGIN and SERVICE (id:secret), PERSON (name:password).
package main

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var groups = []string{"vtb-behandelaars", "anders"}

// provider adds a person's groups at the userinfo endpoint, and the URLs that a browser may go to after a logout.
type provider struct {
	*storage.Storage
	postLogoutURIs []string
}

type client struct {
	op.Client
	postLogoutURIs []string
}

func (c client) PostLogoutRedirectURIs() []string {
	return c.postLogoutURIs
}

func (s provider) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	found, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{found, s.postLogoutURIs}, nil
}

func (s provider) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, tokenID, subject, origin string) error {
	err := s.Storage.SetUserinfoFromToken(ctx, info, tokenID, subject, origin)
	info.AppendClaims("groups", groups)
	return err
}

func pair(name string) (string, string) {
	first, second, found := strings.Cut(os.Getenv(name), ":")
	if !found {
		log.Fatalf("%s must be id:secret", name)
	}
	return first, second
}

func uris(name string) []string {
	return strings.Split(os.Getenv(name), ",")
}

func main() {
	username, password := pair("PERSON")
	users, err := json.Marshal(map[string]storage.User{"id1": {
		ID: "id1", Username: username, Password: password, FirstName: "Jan", LastName: "de Vries",
		Email: "jan@gemeente.example", EmailVerified: true,
	}})
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.CreateTemp("", "users")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(file.Name(), users, 0o600); err != nil {
		log.Fatal(err)
	}
	store, err := storage.StoreFromFile(file.Name())
	os.Remove(file.Name())
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"LOGIN", "SERVICE"} {
		id, secret := pair(name)
		storage.RegisterClients(storage.WebClient(id, secret, uris("REDIRECT_URIS")...))
	}
	issuer := "http://localhost:" + os.Getenv("PORT") + "/"
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	server := exampleop.SetupServer(issuer, provider{storage.NewStorage(store), uris("POST_LOGOUT_URIS")}, slog.Default(), false)
	log.Fatal(http.Serve(listener, server))
}
