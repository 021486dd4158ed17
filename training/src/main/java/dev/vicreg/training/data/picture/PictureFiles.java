package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.picture.Picture;
import dev.vicreg.training.data.source.DataFile;
import dev.vicreg.training.data.source.DataFiles;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.source.FileSamples;
import dev.vicreg.training.data.source.LeftOut;
import dev.vicreg.training.data.source.Samples;
import dev.vicreg.training.data.source.SelectedSamples;
import dev.vicreg.training.data.source.Selection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Pictures in files of their own, and those of CIFAR and IDX files. */
public final class PictureFiles {
    /** @param channels in which pictures are decoded */
    private record Format(int channels) implements FileSamples.Format<Picture> {
        @Override
        public String noun() {
            return PictureKind.NOUN;
        }

        @Override
        public Picture decode(byte[] bytes, String name) throws IOException {
            return Picture.decode(bytes, name, channels);
        }

        @Override
        public long decodedSize(Picture picture) {
            return picture.samples().length;
        }
    }

    private static final List<String> ENDINGS =
            List.of(".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff");

    /** Of pictures in formats that nothing here decodes. */
    static final List<String> UNREAD = List.of(
            ".heic", ".heif", ".avif", ".jxl", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".psd", ".tga", ".svg", ".exr",
            ".hdr", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".ico");

    private PictureFiles() {}

    /**
     * Opens the selected pictures; small ones are kept decoded.
     *
     * @param channels in which pictures are decoded, as {@link Picture#decode(byte[], String, int)} has them
     * @param cacheBytes bound on the decoded pictures that are kept in memory
     * @throws IOException if there are none, an archive is damaged, or more than 1 % of the pictures cannot be decoded
     *     (found out here for all but very large sets, see {@link SelectedSamples})
     */
    public static Dataset<Picture> open(DataFiles data, int channels, Selection selection, long cacheBytes)
            throws IOException {
        Samples<Picture> samples = samples(data, channels);
        data.warnOfMixture(samples);
        return new SelectedSamples<>(data.spec(), samples, selection, data.opening(), cacheBytes);
    }

    private static Samples<Picture> samples(DataFiles data, int channels) throws IOException {
        if (data.isFile(".npy")) {
            return PictureArray.read(data.array(), channels);
        }
        List<DataFile> pictures = among(data.files());
        if (!pictures.isEmpty()) {
            LeftOut.warn(data.spec(), data.files(), UNREAD, "convert them to JPEG, PNG, TIFF or WebP");
            return new FileSamples<>(data, pictures, new Format(channels));
        }
        Samples<Picture> raw =
                data.files().isEmpty() ? rawPart(data, channels) : raw(data.files(), data.beside(), channels);
        if (raw == null) {
            data.requirePart();
            throw noPictures(data.spec(), data.files());
        }
        data.close();
        return raw;
    }

    /** Those that are pictures, by their name or else by their content. */
    static List<DataFile> among(List<DataFile> files) {
        List<DataFile> pictures = new ArrayList<>();
        for (DataFile file : files) {
            if (ENDINGS.stream().anyMatch(file::endsWith) || isPicture(file.head())) {
                pictures.add(file);
            }
        }
        return pictures;
    }

    /** Told by the first 12 bytes: JPEG, PNG, GIF, TIFF, BMP or WebP. */
    static boolean isPicture(byte[] head) {
        return DataFile.startsWith(head, 0xFF, 0xD8, 0xFF)
                || DataFile.startsWith(head, 0x89, 'P', 'N', 'G')
                || DataFile.startsWith(head, 'G', 'I', 'F', '8')
                || DataFile.startsWith(head, 'I', 'I', 42, 0)
                || DataFile.startsWith(head, 'M', 'M', 0, 42)
                || (DataFile.startsWith(head, 'B', 'M') && head.length > 9 && head[6] == 0 && head[8] == 0)
                || (DataFile.startsWith(head, 'R', 'I', 'F', 'F')
                        && head.length > 11
                        && head[8] == 'W'
                        && head[11] == 'P');
    }

    /** The parts of raw sets are files, not folders. */
    private static @Nullable Samples<Picture> rawPart(DataFiles data, int channels) throws IOException {
        if (!data.part().equals("train") && !data.part().equals("test")) {
            return null;
        }
        boolean test = data.part().equals("test");
        List<DataFile> wanted = data.all().stream()
                .filter(file -> test == (CifarBinary.isTest(file) || IdxFiles.isTest(file)))
                .toList();
        return raw(wanted, data.all(), channels);
    }

    /** @param beside where labels and class names are looked for */
    private static @Nullable Samples<Picture> raw(List<DataFile> files, List<DataFile> beside, int channels)
            throws IOException {
        List<DataFile> cifar = files.stream().filter(CifarBinary::matches).toList();
        if (!cifar.isEmpty()) {
            return CifarBinary.read(cifar, beside, channels);
        }
        List<DataFile> idx = files.stream().filter(IdxFiles::matches).toList();
        return idx.isEmpty() ? null : IdxFiles.read(idx, beside, channels);
    }

    private static IOException noPictures(String spec, List<DataFile> files) {
        return new IOException("no pictures in " + spec
                + ": expected JPEG, PNG, BMP, GIF, TIFF or WebP files, CIFAR's .bin"
                + " batches or IDX files, found "
                + (files.isEmpty()
                        ? "no files"
                        : files.size() + " other files, such as " + files.get(0).name() + " (" + LeftOut.counts(files)
                                + ")" + remedy(files))
                + "; a folder of texts holds .txt files alone, and .ids, .csv and .npy files are named themselves");
    }

    private static String remedy(List<DataFile> files) {
        if (!LeftOut.among(files, UNREAD).isEmpty()) {
            return "; convert pictures of other formats";
        }
        boolean archives = !LeftOut.among(files, List.of(".tar", ".tgz", ".tar.gz", ".zip"))
                .isEmpty();
        return archives ? "; an archive is named itself, one at a time" : "";
    }
}
