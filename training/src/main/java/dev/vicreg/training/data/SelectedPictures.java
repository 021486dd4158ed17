package dev.vicreg.training.data;

import dev.vicreg.runtime.picture.Picture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pictures of a source that are used: selected, checked where that is cheap, kept decoded while memory allows.
 *
 * <p>Up to {@link #CHECKED_BYTES} every compressed picture is decoded once when the set is opened, by all processors.
 * What cannot be decoded leaves the set there and then, so that sizes, epochs and evaluation are exact and an unusable
 * set is told before anything is written; the decoded pictures stay in the cache, so little of that work is wasted. A
 * larger set is taken as it is, and its readers skip what fails ({@link PairLoader}, {@link InOrder}).
 */
final class SelectedPictures implements PictureDataset {
    /** Some ten seconds of decoding on two processors. */
    static final long CHECKED_BYTES = 1L << 30;

    private static final Logger log = LoggerFactory.getLogger(SelectedPictures.class);

    private final PictureSource source;
    private final int[] selected;
    private final AtomicReferenceArray<Picture> decoded;
    private final AtomicLong cacheLeft;
    private final String fingerprint;

    private SelectedPictures(
            PictureSource source,
            int[] selected,
            AtomicReferenceArray<Picture> decoded,
            AtomicLong cacheLeft,
            int[] checksums) {
        this.source = source;
        this.selected = selected;
        this.decoded = decoded;
        this.cacheLeft = cacheLeft;
        this.fingerprint = fingerprint(source, selected, checksums);
    }

    /**
     * @param where what messages call the set
     * @param cacheBytes bound on the decoded pictures that are kept
     * @throws IOException if more than 1 % of the pictures that were checked cannot be decoded
     */
    static SelectedPictures of(String where, PictureSource source, Selection selection, long cacheBytes)
            throws IOException {
        int[] selected = selection.of(source.size(), source::label);
        AtomicLong cacheLeft = new AtomicLong(source.isCompressed() ? cacheBytes : 0);
        long bytes = Arrays.stream(selected).mapToLong(source::encodedSize).sum();
        if (bytes > CHECKED_BYTES) {
            return new SelectedPictures(
                    source, selected, new AtomicReferenceArray<>(selected.length), cacheLeft, new int[0]);
        }
        AtomicReferenceArray<Picture> decoded = new AtomicReferenceArray<>(selected.length);
        int[] checksums = new int[selected.length];
        Undecodable undecodable = new Undecodable(where, "pictures", selected.length);
        IntStream.range(0, selected.length).parallel().forEach(i -> {
            try {
                byte[] encoded = source.encoded(selected[i]);
                checksums[i] = checksum(encoded);
                if (source.isCompressed()) {
                    keep(decoded, i, source.decode(selected[i], encoded), cacheLeft);
                }
            } catch (IOException e) {
                undecodable.add(i, e);
            }
        });
        undecodable.check();
        if (undecodable.count() == 0) {
            return new SelectedPictures(source, selected, decoded, cacheLeft, checksums);
        }
        log.warn("skipped {} of {} pictures in {}", undecodable.count(), selected.length, where);
        int[] good = IntStream.range(0, selected.length)
                .filter(i -> !undecodable.contains(i))
                .toArray();
        AtomicReferenceArray<Picture> goodDecoded = new AtomicReferenceArray<>(good.length);
        for (int i = 0; i < good.length; i++) {
            goodDecoded.set(i, decoded.get(good[i]));
        }
        return new SelectedPictures(
                source,
                Arrays.stream(good).map(i -> selected[i]).toArray(),
                goodDecoded,
                cacheLeft,
                Arrays.stream(good).map(i -> checksums[i]).toArray());
    }

    @Override
    public int size() {
        return selected.length;
    }

    @Override
    public String name(int index) {
        return source.name(selected[index]);
    }

    @Override
    public int label(int index) {
        return source.label(selected[index]);
    }

    @Override
    public List<String> labelNames() {
        return source.labelNames();
    }

    @Override
    public Picture picture(int index) throws IOException {
        Picture picture = decoded.get(index);
        if (picture == null) {
            picture = source.decode(selected[index], source.encoded(selected[index]));
            keep(decoded, index, picture, cacheLeft);
        }
        return picture;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }

    /** What has been kept stays: with every picture needed once an epoch, nothing is gained by exchanging them. */
    private static void keep(AtomicReferenceArray<Picture> decoded, int index, Picture picture, AtomicLong cacheLeft) {
        int bytes = picture.rgb().length;
        if (cacheLeft.addAndGet(-bytes) < 0) {
            cacheLeft.addAndGet(bytes);
        } else if (!decoded.compareAndSet(index, null, picture)) {
            cacheLeft.addAndGet(bytes);
        }
    }

    private static int checksum(byte[] encoded) {
        CRC32 crc = new CRC32();
        crc.update(encoded);
        return (int) crc.getValue();
    }

    /** Over names, sizes and labels; over contents too where they were read anyway. */
    private static String fingerprint(PictureSource source, int[] selected, int[] checksums) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (int i = 0; i < selected.length; i++) {
                int index = selected[i];
                String line = source.name(index)
                        + '\0'
                        + source.encodedSize(index)
                        + '\0'
                        + source.label(index)
                        + '\0'
                        + (checksums.length == 0 ? 0 : checksums[i])
                        + '\n';
                digest.update(line.getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
