import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedExceptionAction;
import javax.security.auth.Subject;

/** HttpClient CCACHE URL: fetches URL with the ticket in CCACHE and prints what came as JSON. */
public final class HttpClient {
    public static void main(String[] args) throws Exception {
        PrivilegedExceptionAction<String> action = () -> fetch(new URL(args[1]));
        System.out.println(Subject.doAs(CacheLogin.subject(args[0]), action));
    }

    private static String fetch(URL url) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        int status = connection.getResponseCode();
        try (InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            String body = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return "{\"status\":" + status + ",\"body\":\"" + body.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
        }
    }
}
