// Sends a code over gRPC, reads it in the development inbox, verifies it, and tells what each refusal says.
//
//	buf generate && go run . [GRPC_ADDRESS] [HTTP_URL] [PHONE_NUMBER]
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "example.com/countersign-client/gen/countersign/v1"
)

func main() {
	args := append(os.Args[1:], []string{"127.0.0.1:50051", "http://127.0.0.1:8080", "+14155552671"}[len(os.Args)-1:]...)
	client := pb.NewCodeServiceClient(must(grpc.NewClient(args[0], grpc.WithTransportCredentials(insecure.NewCredentials()))))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if key := os.Getenv("COUNTERSIGN_KEY"); key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	}
	to := func(number string) *pb.SendCodeRequest {
		recipient := &pb.Recipient{Kind: &pb.Recipient_PhoneNumber{PhoneNumber: number}}
		return &pb.SendCodeRequest{Recipient: recipient, Purpose: "login", IdempotencyKey: rand.Text()}
	}
	refused(client.SendCode(ctx, to("12")))
	challenge := must(insist(ctx, client.SendCode, to(args[2]))).Challenge
	fmt.Println("sent to", challenge.MaskedRecipient)
	refused(client.ResendCode(ctx, &pb.ResendCodeRequest{ChallengeId: challenge.ChallengeId, IdempotencyKey: rand.Text()}))
	inbox := must(http.Get(args[1] + "/dev/inbox?to=" + url.QueryEscape(args[2])))
	var messages []struct{ Code string }
	must(0, json.NewDecoder(inbox.Body).Decode(&messages))
	code := messages[0].Code
	guess := func(code string) *pb.VerifyCodeRequest {
		return &pb.VerifyCodeRequest{ChallengeId: challenge.ChallengeId, Code: code, Purpose: "login", RequestId: rand.Text()}
	}
	refused(client.VerifyCode(ctx, guess(fmt.Sprintf("%s%d", code[:5], (code[5]-'0'+1)%10))))
	fmt.Println("verified", must(insist(ctx, client.VerifyCode, guess(code))).Recipient.GetPhoneNumber())
	refused(client.VerifyCode(ctx, guess(code)))
}

// insist repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same.
func insist[In, Out any](ctx context.Context, call func(context.Context, In, ...grpc.CallOption) (Out, error), request In) (Out, error) {
	for triesLeft := 3; ; triesLeft-- {
		answer, err := call(ctx, request)
		if code := status.Code(err); triesLeft == 0 || code != codes.Unavailable && code != codes.Aborted {
			return answer, err
		}
		wait := time.Second
		if retry := detail[*errdetails.RetryInfo](err); retry != nil {
			wait = retry.RetryDelay.AsDuration()
		}
		time.Sleep(wait)
	}
}

// refused ends the program when the call is OK: these are meant to be refused.
func refused[Out any](_ Out, err error) {
	info := detail[*errdetails.ErrorInfo](err)
	fmt.Printf("refused: %s (%s)\n", info.GetReason(), advise(info, err))
}

// advise says what the caller can do, out of the typed details.
func advise(info *errdetails.ErrorInfo, err error) string {
	switch info.GetReason() {
	case "INVALID_ARGUMENT":
		bad := detail[*errdetails.BadRequest](err).FieldViolations[0]
		return bad.Field + ": " + bad.Description
	case "CODE_MISMATCH", "BINDING_MISMATCH":
		return info.Metadata["attempts_remaining"] + " guesses left"
	case "RESEND_COOLDOWN", "RATE_LIMITED", "TOO_MANY_ATTEMPTS":
		if info.Metadata["scope"] == "challenge" && info.Reason == "TOO_MANY_ATTEMPTS" {
			return "send a new code"
		}
		return fmt.Sprint("again in ", detail[*errdetails.RetryInfo](err).GetRetryDelay().AsDuration().Round(time.Second))
	case "CODE_EXPIRED", "CODE_ALREADY_USED", "CHALLENGE_CANCELED", "CHALLENGE_NOT_FOUND":
		return "send a new code"
	}
	panic(fmt.Sprint("not a refusal: ", err))
}

// detail finds the error detail of that type, or is nil.
func detail[Detail any](err error) (found Detail) {
	for _, each := range status.Convert(err).Details() {
		if typed, ok := each.(Detail); ok {
			found = typed
		}
	}
	return found
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
