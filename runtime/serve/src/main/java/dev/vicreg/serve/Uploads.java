package dev.vicreg.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartConfig;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Attributes;

/** Files that a form sends: multipart/form-data (RFC 7578). */
final class Uploads {
    /** What Jetty's parser says of one part more; it throws the same exception for other things. */
    private static final String TOO_MANY = "too many keys";

    private static final int HEADERS = 8 << 10; // bytes of a part's

    private Uploads() {}

    /**
     * The content of all parts, in their order, whatever they are called.
     *
     * @param contentType the request's header, which names what separates the parts
     * @param most parts
     * @throws Refusal if the body isn't of that form, or has more parts
     */
    static List<byte[]> read(byte[] body, String contentType, int most) {
        MultiPartConfig config = new MultiPartConfig.Builder()
                .maxParts(most)
                .maxHeadersSize(HEADERS)
                .maxSize(-1) // that of the body, which is here
                .maxPartSize(-1)
                .maxMemoryPartSize(-1) // never written to files
                .build();
        Content.Source source = Content.Source.from(ByteBuffer.wrap(body));
        try (MultiPartFormData.Parts parts =
                MultiPartFormData.getParts(source, new Attributes.Mapped(), contentType, config)) {
            List<byte[]> files = new ArrayList<>();
            for (MultiPart.Part part : parts) {
                ByteBuffer content = Content.Source.asByteBuffer(part.getContentSource());
                byte[] file = new byte[content.remaining()];
                content.get(file);
                files.add(file);
            }
            return files;
        } catch (IOException | RuntimeException e) { // whatever Jetty's parser has against it
            boolean many = String.valueOf(e.getMessage()).contains(TOO_MANY)
                    || (e.getCause() != null
                            && String.valueOf(e.getCause().getMessage()).contains(TOO_MANY));
            throw many
                    ? Refusal.tooLarge("more than " + most + " files (`queue`)").because(e)
                    : Refusal.bad("the body is no multipart/form-data with short headers of its parts")
                            .because(e);
        }
    }
}
