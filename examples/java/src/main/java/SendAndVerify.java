// Sends a code over gRPC, reads it in the development inbox, verifies it, and tells what each refusal says.
//   mvn compile dependency:copy-dependencies -DoutputDirectory=target/lib
//   java -cp 'target/classes:target/lib/*' SendAndVerify [GRPC_ADDRESS] [HTTP_URL] [PHONE_NUMBER]
import com.google.protobuf.Message;
import com.google.rpc.*;
import countersign.v1.CodeServiceGrpc;
import countersign.v1.CodeServiceOuterClass.*;
import io.grpc.*;
import io.grpc.Status.Code;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.*;
import java.util.stream.Collectors;

public class SendAndVerify {
    public static void main(String[] args) throws Exception {
        String address = args.length > 0 ? args[0] : "127.0.0.1:50051", http = args.length > 1 ? args[1] : "http://127.0.0.1:8080";
        String phone = args.length > 2 ? args[2] : "+14155552671", key = System.getenv("COUNTERSIGN_KEY");
        Metadata headers = new Metadata();
        if (key != null) headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + key);
        ManagedChannel channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
        var client = CodeServiceGrpc.newBlockingStub(channel).withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));

        refused(client::sendCode, to("12"));
        Challenge challenge = insist(client::sendCode, to(phone)).getChallenge();
        System.out.println("sent to " + challenge.getMaskedRecipient());
        refused(client::resendCode, ResendCodeRequest.newBuilder().setChallengeId(challenge.getChallengeId()).setIdempotencyKey(newKey()).build());
        HttpRequest ask = HttpRequest.newBuilder(URI.create(http + "/dev/inbox?to=" + URLEncoder.encode(phone, StandardCharsets.UTF_8))).build();
        Matcher inbox = Pattern.compile("\"code\":\"(\\d{5})(\\d)\"").matcher(HttpClient.newHttpClient().send(ask, HttpResponse.BodyHandlers.ofString()).body());
        if (!inbox.find()) throw new IllegalStateException("nothing in the inbox");
        String code = inbox.group(1) + inbox.group(2), wrong = inbox.group(1) + (Integer.parseInt(inbox.group(2)) + 1) % 10;
        refused(client::verifyCode, guess(challenge, wrong));
        System.out.println("verified " + insist(client::verifyCode, guess(challenge, code)).getRecipient().getPhoneNumber());
        refused(client::verifyCode, guess(challenge, code));
        channel.shutdown();
    }

    /** Repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same. */
    static <In, Out> Out insist(Function<In, Out> call, In request) throws InterruptedException {
        for (int triesLeft = 3; ; triesLeft--) {
            try { return call.apply(request); }
            catch (StatusRuntimeException error) {
                if (triesLeft == 0 || !EnumSet.of(Code.UNAVAILABLE, Code.ABORTED).contains(error.getStatus().getCode())) throw error;
                Thread.sleep(detail(error, RetryInfo.class).map(SendAndVerify::millis).orElse(1000L));
            }
        }
    }

    /** What the caller can do, out of the typed details. */
    static String advise(ErrorInfo info, StatusRuntimeException error) {
        boolean isSpent = info.getReason().equals("TOO_MANY_ATTEMPTS") && info.getMetadataOrDefault("scope", "").equals("challenge");
        return isSpent ? "send a new code" : switch (info.getReason()) {
            case "INVALID_ARGUMENT" -> detail(error, BadRequest.class).orElseThrow().getFieldViolationsList().stream()
                .map(each -> each.getField() + ": " + each.getDescription()).collect(Collectors.joining("; "));
            case "CODE_MISMATCH", "BINDING_MISMATCH" -> info.getMetadataOrThrow("attempts_remaining") + " guesses left";
            case "RESEND_COOLDOWN", "RATE_LIMITED", "TOO_MANY_ATTEMPTS" -> "again in " + detail(error, RetryInfo.class).map(SendAndVerify::millis).orElse(0L) / 1000 + " s";
            case "CODE_EXPIRED", "CODE_ALREADY_USED", "CHALLENGE_CANCELED", "CHALLENGE_NOT_FOUND" -> "send a new code";
            default -> throw error;
        };
    }

    /** Throws when the call is OK: these are meant to be refused. */
    static <In> void refused(Function<In, ?> call, In request) {
        try { call.apply(request); }
        catch (StatusRuntimeException error) {
            ErrorInfo info = detail(error, ErrorInfo.class).orElseThrow(() -> error);
            System.out.println("refused: " + info.getReason() + " (" + advise(info, error) + ")");
            return;
        }
        throw new IllegalStateException("it was not refused");
    }

    static <D extends Message> Optional<D> detail(StatusRuntimeException error, Class<D> type) {
        return StatusProto.fromThrowable(error).getDetailsList().stream().filter(each -> each.is(type)).findFirst().map(each -> {
            try { return each.unpack(type); }
            catch (com.google.protobuf.InvalidProtocolBufferException malformed) { throw new IllegalStateException(malformed); }
        });
    }

    static long millis(RetryInfo retry) { return TimeUnit.SECONDS.toMillis(retry.getRetryDelay().getSeconds()) + retry.getRetryDelay().getNanos() / 1_000_000 + 1; }
    static String newKey() { return UUID.randomUUID().toString(); }

    static SendCodeRequest to(String number) {
        return SendCodeRequest.newBuilder().setRecipient(Recipient.newBuilder().setPhoneNumber(number)).setPurpose("login").setIdempotencyKey(newKey()).build();
    }

    static VerifyCodeRequest guess(Challenge challenge, String code) {
        return VerifyCodeRequest.newBuilder().setChallengeId(challenge.getChallengeId()).setCode(code).setPurpose("login").setRequestId(newKey()).build();
    }
}
